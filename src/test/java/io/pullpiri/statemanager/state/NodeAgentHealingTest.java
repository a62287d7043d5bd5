// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.NodeAgentHealing.EndedContainer;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests NodeAgent's rule against a table that was written from Pullpiri's source. */
class NodeAgentHealingTest {

    // [utest->req~rec-node-agent-first~1]
    @ParameterizedTest
    @CsvSource({
        // policy, first container, exit code 0, restarts, ran for s, restarts after s (-: never)
        "ALWAYS,     true,  false, 0, 1,     0",
        "ALWAYS,     true,  true,  0, 1,     0",
        "ON_FAILURE, true,  false, 0, 1,     0",
        "ON_FAILURE, true,  false, 0, 86400, 0",
        "ON_FAILURE, true,  true,  0, 1,     -",
        "NEVER,      true,  false, 0, 1,     -",
        "NEVER,      true,  true,  3, 1,     -",
        "ALWAYS,     false, false, 0, 1,     -",
        "ON_FAILURE, true,  false, 1, 0,     20",
        "ON_FAILURE, true,  false, 1, 5,     15",
        "ON_FAILURE, true,  false, 1, 20,    0",
        "ON_FAILURE, true,  false, 1, 299,   0",
        "ON_FAILURE, true,  false, 1, 300,   -",
        "ON_FAILURE, true,  false, 2, 1,     39",
        "ALWAYS,     true,  true,  3, 1,     79",
        "ON_FAILURE, true,  false, 4, 1,     159",
        "ON_FAILURE, true,  false, 4, 170,   0",
        "ON_FAILURE, true,  false, 4, 301,   -",
        "ON_FAILURE, true,  false, 5, 1,     -",
        "ON_FAILURE, true,  false, 50, 1,    -"
    })
    void nodeAgentRestartsAContainer_byItsOwnRule(
            RestartPolicy policy, boolean first, boolean zero, int restarts, long ranFor, String after) {
        EndedContainer ended = new EndedContainer(first, zero, restarts, Duration.ofSeconds(ranFor));
        assertThat(NodeAgentHealing.restartsAfter(policy, ended)
                        .map(time -> Long.toString(time.toSeconds()))
                        .orElse("-"))
                .isEqualTo(after);
    }
}
