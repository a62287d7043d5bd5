// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Peers.SharedName;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** When lists under one node name cause the warning that two nodes share it. */
// [utest->req~nod-shared-name~1]
class PeersTest {

    private static final String KIND = "shared-node-name";

    private final CascadeRig world = new CascadeRig();

    /** @param containers {@code name} or {@code name=status} */
    private void list(String peer, String... containers) {
        List<ContainerFacts> facts = Arrays.stream(containers)
                .map(text -> CascadeRig.container("/" + text + (text.contains("=") ? "" : "=running")))
                .toList();
        world.run(new Command.NodeReport("HPC", peer, facts));
        world.pass(Duration.ofSeconds(1));
    }

    private @Nullable SharedName shared() {
        return world.node("HPC").peers().shared();
    }

    private SharedName required() {
        return Objects.requireNonNull(shared());
    }

    private List<String> warnings() {
        return world.notices.stream()
                .filter(notice -> notice.kind().equals(KIND))
                .map(Plan.Anomaly::message)
                .toList();
    }

    @Test
    void twoAlternatingAddressesWithDifferentContainers_raiseAWarning() {
        list("10.0.0.1", "a");
        list("10.0.0.2", "b");
        assertThat(shared()).as("a node may get another address").isNull();
        list("10.0.0.1", "a");
        assertThat(required().one()).isEqualTo("10.0.0.1");
        assertThat(required().other()).isEqualTo("10.0.0.2");
        assertThat(required().sinceMillis())
                .isEqualTo(world.now().wallMillis() - Duration.ofSeconds(1).toMillis());
        assertThat(warnings())
                .singleElement()
                .asString()
                .startsWith("node HPC: lists come in turn from 10.0.0.1 and 10.0.0.2, with different containers");
    }

    @Test
    void severalListsPerAddress_alsoCountAsAlternating() {
        list("A", "a");
        list("A", "a", "a2");
        list("B", "b");
        list("B", "b2");
        list("A", "a");
        assertThat(shared()).isNotNull();
    }

    @Test
    void warning_keepsItsFirstTimeAndCountsEachAlternation() {
        list("A", "a");
        list("B", "b");
        list("A", "a");
        long since = required().sinceMillis();
        list("B", "b");
        list("A", "a");
        assertThat(required().sinceMillis()).isEqualTo(since);
        assertThat(warnings()).hasSize(3);
    }

    @Test
    void addressesWithACommonContainer_areOneNode() {
        list("A", "a", "b");
        list("B", "a");
        list("A", "a", "b");
        list("B", "c", "b");
        list("A", "c");
        assertThat(shared()).isNull();
    }

    @Test
    void nodeThatMovedToAnotherAddress_raisesNoWarning() {
        list("A", "a");
        list("B", "b");
        list("C", "c");
        list("D", "a");
        assertThat(shared()).isNull();
        assertThat(warnings()).isEmpty();
    }

    @Test
    void alternationsOverAMinuteApart_doNotCount() {
        list("A", "a");
        list("B", "b");
        world.pass(Duration.ofSeconds(60));
        list("A", "a");
        assertThat(shared()).isNull();
        list("B", "b");
        assertThat(shared()).as("B again at once").isNull();
        list("A", "a");
        assertThat(shared()).isNotNull();
    }

    @Test
    void emptyList_differsFromOthersButNotFromAnEmptyOne() {
        list("A");
        list("B");
        list("A");
        assertThat(shared()).isNull();
        list("B", "b");
        list("A");
        list("B", "b");
        assertThat(shared()).isNotNull();
    }

    @Test
    void unknownAddresses_areNotCompared() {
        list("A", "a");
        list("", "b");
        list("A", "a");
        assertThat(shared()).isNull();
    }

    @Test
    void warning_endsTenMinutesAfterTheLastAlternation() {
        list("A", "a");
        list("B", "b");
        list("A", "a");
        world.pass(Duration.ofMinutes(9));
        list("A", "a");
        assertThat(shared()).isNotNull();
        world.pass(Duration.ofMinutes(2));
        list("A", "a");
        assertThat(shared()).isNull();
    }

    @Test
    void warning_isNotStored() {
        list("A", "a");
        list("B", "b");
        list("A", "a");
        world.restart();
        assertThat(world.node("HPC").peers()).isEqualTo(Peers.NONE);
    }
}
