// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.Launch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The times of a container, and what ActionController wrote when it launched the container. */
class ContainerOriginTest {

    private final CascadeRig world = new CascadeRig();

    private Container report(Map<String, String> state, Map<String, String> annotations) {
        Map<String, String> all = new HashMap<>(Map.of("io.pullpiri.annotations.model", "m"));
        all.putAll(annotations);
        world.run(new Command.NodeReport(
                "n", List.of(new ContainerFacts("0123456789abcdef", "/m_a", "image", state, Map.of(), all))));
        return stored();
    }

    private Container stored() {
        return Objects.requireNonNull(world.node("n").containers().get("m_a"));
    }

    @Test
    void timesOfAContainer_areStored() {
        Container container = report(
                Map.of(
                        "Status",
                        "exited",
                        "StartedAt",
                        "2026-11-28T07:48:24.126417583Z",
                        "FinishedAt",
                        "2026-11-28T16:48:25+09:00"),
                Map.of());
        assertThat(container.startedNanos()).isEqualTo(1795852104126417583L);
        assertThat(container.finishedNanos()).isEqualTo(1795852105000000000L);
        world.restart();
        assertThat(stored()).isEqualTo(container);
    }

    @Test
    void timesThatPodmanDoesNotKnow_areZero() {
        Container container = report(
                Map.of("Status", "running", "StartedAt", "soon", "FinishedAt", "0001-01-01T00:00:00Z"), Map.of());
        assertThat(container.startedNanos()).isZero();
        assertThat(container.finishedNanos()).isZero();
    }

    @Test
    void restartBetweenTwoLists_isSeenByItsTime() {
        Container first = report(Map.of("Status", "running", "StartedAt", "2026-11-28T07:48:24Z"), Map.of());
        Container second = report(Map.of("Status", "running", "StartedAt", "2026-11-28T07:48:25Z"), Map.of());
        assertThat(second.startedNanos() - first.startedNanos()).isEqualTo(1_000_000_000);
    }

    @Test
    void launchAnnotations_areStored() {
        Container container = report(
                Map.of("Status", "running"),
                Map.of(
                        "io.pullpiri.annotations.scenario", "s",
                        "io.pullpiri.annotations.package", "p",
                        "io.pullpiri.annotations.policy", ""));
        assertThat(container.launch()).isEqualTo(new Launch("s", "p", ""));
        world.restart();
        assertThat(stored()).isEqualTo(container);
    }

    @Test
    void containerWithoutLaunchAnnotations_hasNone() {
        assertThat(report(Map.of("Status", "running"), Map.of("io.pullpiri.annotations.scenario", "s"))
                        .launch())
                .isNull();
    }

    @Test
    void launchAnnotationWithAnInvalidName_isIgnored() {
        Map<String, String> invalid =
                Map.of("io.pullpiri.annotations.scenario", "a/b", "io.pullpiri.annotations.package", "p");
        assertThat(report(Map.of("Status", "running"), invalid).launch()).isNull();
    }
}
