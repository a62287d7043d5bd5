// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Container;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tests when NodeAgent's own healing of a dead model is over, on lists as NodeAgent sends them. */
class NodeAgentTurnTest {

    /** The clock of the node is wrong, which must not matter. */
    private static final Duration SKEW = Duration.ofDays(200);

    private final CascadeRig rig = new CascadeRig();
    private NodeAgentTurn turn = new NodeAgentTurn();
    private Instant started = Instant.EPOCH;

    private Instant nodeTime() {
        return Instant.EPOCH.plusNanos(rig.now().wallNanos()).plus(SKEW);
    }

    private void policy(String policy) {
        rig.run(CascadeRig.apply(
                CascadeRig.packageYaml("p", "m"),
                "kind: Model\nmetadata: {name: m}\nspec: {restartPolicy: %s, containers: [{name: main}, {name: aside}]}"
                        .formatted(policy)));
    }

    private void start() {
        started = nodeTime();
        list("m_main", "running", "0", nodeTime());
    }

    /** The container ends, and a list says so one second later. */
    private void end() {
        Instant ended = nodeTime();
        rig.pass(Duration.ofSeconds(1));
        list("m_main", "exited", "1", ended);
    }

    private void list(String name, String status, String exitCode, Instant ended) {
        rig.run(new Command.NodeReport(
                "HPC",
                List.of(new ContainerFacts(
                        "0123456789abcdef",
                        "/" + name,
                        "image",
                        Map.of(
                                "Status",
                                status,
                                "ExitCode",
                                exitCode,
                                "StartedAt",
                                started.toString(),
                                "FinishedAt",
                                ended.toString()),
                        Map.of(),
                        Map.of("io.pullpiri.annotations.model", "m")))));
    }

    private long restSeconds() {
        return Math.ceilDiv(Math.max(0, turn.restNanos(rig.modelEntry("m"), rig.now())), 1_000_000_000L);
    }

    // [utest->req~rec-node-agent-first~1]
    @Test
    void crashLoop_isLeftToNodeAgentUntilItGivesUp() {
        policy("OnFailure");
        start();
        rig.pass(Duration.ofMinutes(1));
        end();
        assertThat(restSeconds()).as("at once").isEqualTo(3);
        for (int backoff : new int[] {20, 40, 80, 160}) {
            rig.pass(Duration.ofMillis(500));
            start(); // by NodeAgent; it ends at once, and no list shows it running
            end();
            assertThat(restSeconds()).isBetween(backoff + 1L, backoff + 3L);
            rig.pass(Duration.ofSeconds(backoff));
        }
        start();
        assertThat(rig.node("HPC").containers().values())
                .extracting(Container::restarts)
                .containsExactly(5);
        end();
        assertThat(restSeconds()).as("five restarts").isZero();
    }

    // [utest->req~rec-node-agent-first~1]
    @Test
    void numberOfRestarts_survivesARestart() {
        policy("Always");
        start();
        end();
        start();
        end();
        rig.restart();
        turn = new NodeAgentTurn();
        assertThat(restSeconds()).isBetween(20L, 23L);
    }

    // [utest->req~rec-node-agent-first~1]
    @Test
    void containerThatRanForFiveMinutesAfterARestart_isNotLeftToNodeAgent() {
        policy("Always");
        start();
        end();
        start();
        rig.pass(Duration.ofMinutes(5));
        end();
        assertThat(restSeconds()).isZero();
    }

    // [utest->req~rec-node-agent-first~1]
    @Test
    void policyNeverAndOtherContainers_areNotLeftToNodeAgent() {
        policy("Never");
        start();
        end();
        assertThat(restSeconds()).isZero();
        policy("Always");
        assertThat(restSeconds()).isEqualTo(3);
        list("m_aside", "exited", "1", nodeTime());
        rig.pass(Duration.ofSeconds(4));
        rig.run(new Command.Tick());
        assertThat(restSeconds()).isZero();
    }
}
