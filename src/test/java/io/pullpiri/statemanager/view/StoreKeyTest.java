// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.view.StoreKey.ArtifactKey;
import io.pullpiri.statemanager.view.StoreKey.MirrorMark;
import io.pullpiri.statemanager.view.StoreKey.OwnKey;
import io.pullpiri.statemanager.view.StoreKey.RecordKind;
import io.pullpiri.statemanager.view.StoreKey.StateKey;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

class StoreKeyTest {

    static final Iterable<ResourceKind> KINDS = ResourceKind.WITH_STATES;

    @ParameterizedTest
    @FieldSource("KINDS")
    void keyOfAResource_isParsedToItsKindAndName(ResourceKind kind) {
        String state = "/" + kind.label() + "/lidar/state";
        assertThat(StoreKey.parse(state)).isEqualTo(new StateKey(kind, "lidar"));
        assertThat(new StateKey(kind, "lidar").text()).isEqualTo(state);
        String artifact = kind.artifactKind() + "/lidar";
        assertThat(StoreKey.parse(artifact)).isEqualTo(new ArtifactKey(kind, "lidar"));
        assertThat(new ArtifactKey(kind, "lidar").text()).isEqualTo(artifact);
    }

    @Test
    void watchedPrefixes_areThoseOfAllKinds() {
        assertThat(ResourceKind.WITH_STATES.stream()
                        .flatMap(kind -> Stream.of(kind.statePrefix(), kind.artifactPrefix())))
                .containsExactlyInAnyOrderElementsOf(Keys.WATCHED_PREFIXES);
    }

    @Test
    void ownRecords_areParsedToTheirKindAndName() {
        assertThat(StoreKey.parse(Keys.reconcile("adas"))).isEqualTo(new OwnKey(RecordKind.RECONCILE, "adas"));
        assertThat(StoreKey.parse(Keys.offload("lidar"))).isEqualTo(new OwnKey(RecordKind.OFFLOAD, "lidar"));
        assertThat(StoreKey.parse(Keys.node("HPC"))).isEqualTo(new OwnKey(RecordKind.NODE, "HPC"));
        assertThat(StoreKey.parse(Keys.journal(7))).isEqualTo(new OwnKey(RecordKind.JOURNAL, "0000000000000000007"));
    }

    @Test
    void marksOfTheMirror_areParsedToTheKeyOfTheirArtifact() {
        assertThat(StoreKey.parse("/statemanager/mirror/Package/adas")).isEqualTo(new MirrorMark("Package/adas"));
        assertThat(StoreKey.parse("/statemanager/mirror/scenario-states"))
                .isEqualTo(new MirrorMark(MirrorMark.FIRST_STATES));
        assertThat(new MirrorMark("Model/m").text()).isEqualTo("/statemanager/mirror/Model/m");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/package/",
                "/package//state",
                "/package/adas",
                "/package/adas/status",
                "/package/a/b/state",
                "/volume/v/state",
                "Package/",
                "Volume/v",
                "/statemanager/owner",
                "/statemanager/node/",
                "/statemanager/mirror/Volume/v",
                "/statemanager/mirror//package/adas/state"
            })
    void otherKey_isNotParsed(String key) {
        assertThat(StoreKey.parse(key)).isNull();
    }
}
