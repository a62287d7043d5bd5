// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.delete;
import static io.pullpiri.statemanager.testing.CascadeRig.modelYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.scenarioYaml;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.StoreKey.ArtifactKey;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The artifacts and scenario states that the mirror brings from Pullpiri's store, and their marks. */
class MirrorHandlerTest {

    private static final String MARK = "/statemanager/mirror/Package/p";
    private static final ArtifactKey KEY = new ArtifactKey(ResourceKind.PACKAGE, "p");

    private final CascadeRig rig = new CascadeRig();

    private static Command.MirrorArtifacts brings(String yaml) {
        try {
            return new Command.MirrorArtifacts(List.of(ArtifactParser.parse(yaml)), List.of(), null);
        } catch (BrokenArtifactException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static Command.MirrorArtifacts deletes(ArtifactKey key) {
        return new Command.MirrorArtifacts(List.of(), List.of(key), null);
    }

    private static Command.MirrorArtifacts finds(String scenario, ScenarioState state) {
        return new Command.MirrorArtifacts(List.of(), List.of(), Map.of(scenario, state));
    }

    // [utest->req~mir-artifacts~1]
    @Test
    void artifactOfPullpirisStore_isStoredWithItsMarkInOneTransaction() {
        rig.run(brings(packageYaml("p", "m")));
        assertThat(rig.packageState("p")).isEqualTo("Idle");
        assertThat(rig.value("Package/p")).isEqualTo(packageYaml("p", "m"));
        assertThat(rig.revision(MARK)).isEqualTo(rig.revision("Package/p")).isPositive();
        assertThat(rig.transitions.getFirst().source()).isEqualTo("pullpiri");

        rig.run(brings(packageYaml("p", "other")));
        assertThat(rig.value("Package/p")).isEqualTo(packageYaml("p", "other"));
        assertThat(rig.keys()).contains(MARK);

        rig.run(brings(modelYaml("m")), brings(scenarioYaml("s", "p")));
        assertThat(rig.keys()).contains("/statemanager/mirror/Model/m", "/statemanager/mirror/Scenario/s");
    }

    // [utest->req~mir-deletion~1]
    @Test
    void deletedArtifact_losesItsMarkAndItsState() {
        rig.run(brings(packageYaml("p", "m")));
        rig.restart();
        assertThat(rig.view.mirrorMarks().names()).containsExactly("Package/p");
        rig.run(deletes(KEY));
        assertThat(rig.keys()).doesNotContain(MARK, "Package/p", "/package/p/state");
        assertThat(rig.view.mirrorMarks().names()).isEmpty();
    }

    @Test
    void severalDeletedArtifacts_areDeletedTogetherAfterARestart() {
        rig.run(finds("s", ScenarioState.ALLOWED));
        rig.run(brings(packageYaml("p", "m")), brings(packageYaml("q", "m")));
        rig.restart();
        rig.run(new Command.MirrorArtifacts(List.of(), List.of(KEY, new ArtifactKey(ResourceKind.PACKAGE, "q")), null));
        assertThat(rig.view.packages()).isEmpty();
        assertThat(rig.view.mirrorMarks().names()).containsExactly("scenario-states");
    }

    // [utest->req~mir-deletion~1]
    @Test
    void artifactOfTheOperator_isNotDeleted() {
        rig.run(apply(packageYaml("p", "m")));
        rig.run(deletes(KEY));
        assertThat(rig.keys()).contains("Package/p").doesNotContain(MARK);

        rig.run(brings(packageYaml("p", "mirrored")));
        rig.run(apply(packageYaml("p", "again")), deletes(KEY));
        assertThat(rig.value("Package/p")).isEqualTo(packageYaml("p", "again"));
        assertThat(rig.keys()).doesNotContain(MARK);
    }

    @Test
    void artifactThatEqualsTheOperators_getsNoMark() {
        rig.run(apply(packageYaml("p", "m")));
        long before = rig.revision;
        rig.run(brings(packageYaml("p", "m")));
        assertThat(rig.revision).isEqualTo(before);
        assertThat(rig.keys()).doesNotContain(MARK);
    }

    @Test
    void markThatIsRemovedAndSetAgainInOneBatch_staysStored() {
        rig.run(brings(packageYaml("p", "m")));
        long marked = rig.revision(MARK);
        rig.run(apply(packageYaml("p", "x")), brings(packageYaml("p", "y")));
        assertThat(rig.revision(MARK)).isEqualTo(marked);
        assertThat(rig.value("Package/p")).isEqualTo(packageYaml("p", "y"));
        rig.run(brings(packageYaml("q", "m")), delete(packageYaml("q", "m")));
        assertThat(rig.keys()).doesNotContain("Package/q", "/statemanager/mirror/Package/q");
    }

    @Test
    void artifactThatAnotherComponentReplacesOrDeletes_losesItsMark() {
        rig.run(brings(packageYaml("p", "m")));
        rig.foreign("Package/p", packageYaml("p", "foreign"));
        assertThat(rig.keys()).doesNotContain(MARK);

        rig.run(brings(packageYaml("p", "m")));
        rig.foreignUnseen("Package/p", null);
        assertThat(rig.keys()).contains(MARK);
        rig.restart();
        assertThat(rig.keys()).doesNotContain(MARK);
    }

    // [utest->req~mir-first-states~2]
    @Test
    void scenarioStates_areTakenOverOnceAndOnlyWhereThereIsNone() {
        rig.run(apply(scenarioYaml("own", "p")));
        rig.run(new Command.MirrorArtifacts(
                List.of(), List.of(), Map.of("own", ScenarioState.COMPLETED, "s", ScenarioState.ALLOWED)));
        assertThat(rig.scenarioState("own")).isEqualTo("Idle");
        assertThat(rig.scenarioState("s")).isEqualTo("Allowed");
        assertThat(rig.causes().toList()).contains("taken over from Pullpiri's store at the first start");
        rig.run(brings(scenarioYaml("s", "p")));
        assertThat(rig.scenarioState("s")).isEqualTo("Allowed");

        rig.restart();
        assertThat(rig.view.mirrorMarks().names()).contains("scenario-states");
        rig.run(finds("late", ScenarioState.ALLOWED));
        assertThat(rig.scenarioState("late")).isNull();
    }
}
