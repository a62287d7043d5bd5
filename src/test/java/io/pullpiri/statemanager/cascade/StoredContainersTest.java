// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** When the containers of Pullpiri's store count as a report of a node. */
// [utest->req~mir-containers~2]
class StoredContainersTest {

    private final CascadeRig rig = new CascadeRig();

    private static ContainerFacts facts(String model, String status, long startedSeconds, long finishedSeconds) {
        return new ContainerFacts(
                "id",
                model + "_main",
                "busy",
                Map.of(
                        "Status", status,
                        "StartedAt", Instant.ofEpochSecond(startedSeconds).toString(),
                        "FinishedAt", Instant.ofEpochSecond(finishedSeconds).toString()),
                Map.of(),
                Map.of("io.pullpiri.annotations.model", model));
    }

    /** The wall clock of the rig in seconds. */
    private long now() {
        return TimeUnit.NANOSECONDS.toSeconds(rig.now().wallNanos());
    }

    private void stored(ContainerFacts... containers) {
        rig.run(new Command.StoredContainers(
                "HPC", List.of(containers), rig.now().monotonicNanos()));
    }

    private void reported(ContainerFacts... containers) {
        rig.run(apply(packageYaml("p", "a", "b")), new Command.NodeReport("HPC", List.of(containers)));
        rig.pass(Duration.ofMinutes(1));
    }

    @Test
    void knownContainer_changesOnlyByALaterStartOrEnd() {
        reported(facts("a", "running", 100, 50));
        stored(facts("a", "paused", 100, 50));
        stored(facts("a", "exited", 99, 49));
        assertThat(rig.modelState("a")).isEqualTo("Running");
        stored(facts("a", "exited", 100, 51));
        assertThat(rig.modelState("a")).isEqualTo("Exited");
        stored(facts("a", "running", 100, 50));
        assertThat(rig.modelState("a")).isEqualTo("Exited");
        stored(facts("a", "running", 101, 51));
        assertThat(rig.modelState("a")).isEqualTo("Running");
    }

    @Test
    void containerThatIsNotStored_isGoneAfterItsGracePeriod() {
        reported(facts("a", "running", 100, 50), facts("b", "running", 100, 50));
        stored(facts("b", "running", 100, 50));
        assertThat(rig.modelState("a")).isEqualTo("Running");
        rig.pass(CascadeRig.RULES.vanishGrace());
        rig.run(new Command.Tick());
        assertThat(rig.modelState("a")).isEqualTo("Exited");
        stored(facts("a", "running", 100, 50), facts("b", "running", 100, 50));
        assertThat(rig.modelState("a")).as("a fact that was left over").isEqualTo("Exited");
    }

    @Test
    void unknownContainer_countsOnlyIfItStartedOrEndedAfterTheLastReport() {
        reported(facts("a", "running", 100, 50));
        stored(facts("a", "running", 100, 50), facts("b", "running", now() - 3_600, 50));
        assertThat(rig.modelState("b")).isNull();
        stored(facts("a", "running", 100, 50), facts("b", "running", now() - 10, 50));
        assertThat(rig.modelState("b")).isEqualTo("Running");
    }

    @Test
    void nodeThatReportsInTheMeantime_keepsItsReport() {
        reported(facts("a", "running", 100, 50));
        rig.run(
                new Command.NodeReport("HPC", List.of(facts("a", "running", 100, 50))),
                new Command.StoredContainers(
                        "HPC", List.of(facts("a", "exited", 100, 60)), rig.now().monotonicNanos() - 1));
        assertThat(rig.modelState("a")).isEqualTo("Running");
    }

    @Test
    void nodeThatNeverReported_getsAllItsContainers() {
        rig.run(apply(packageYaml("p", "a")));
        stored(facts("a", "running", 100, 50));
        assertThat(rig.modelState("a")).isEqualTo("Running");
        assertThat(rig.node("HPC").isKnown()).isTrue();
    }

    @Test
    void timeOfTheLastReport_doesNotChange() {
        reported(facts("a", "running", 100, 50));
        long millis = rig.node("HPC").reportedMillis();
        stored(facts("a", "exited", 100, 60));
        assertThat(rig.node("HPC").reportedMillis()).isEqualTo(millis);
        rig.restart();
        assertThat(rig.modelState("a")).isEqualTo("Exited");
    }
}
