// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.manager.NodeMetrics.Unmatched;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NodeMetricsTest {

    /** @param counts the number of unmatched containers of each node; the nodes are n1, n2 and so on */
    private static View view(int... counts) {
        List<Command> reports = new ArrayList<>();
        for (int i = 0; i < counts.length; i++) {
            List<ContainerFacts> containers = IntStream.range(0, counts[i])
                    .mapToObj(number -> CascadeRig.container("/c" + number + "=running"))
                    .toList();
            reports.add(new Command.NodeReport("n" + (i + 1), containers));
        }
        Cascade cascade = new Cascade(CascadeRig.RULES, new Plan.TransactionLimits(10_000, 1 << 24, 1L << 40));
        return cascade.plan(View.EMPTY, reports, new Timestamp(1, 1)).next();
    }

    @Test
    void nodesWithUnmatchedContainers_areCountedWithTheLargestFirst() {
        assertThat(NodeMetrics.unmatched(view(1, 0, 3, 1)))
                .containsExactly(new Unmatched("n3", 3), new Unmatched("n1", 1), new Unmatched("n4", 1));
        assertThat(NodeMetrics.unmatched(view(0, 0))).isEmpty();
        assertThat(NodeMetrics.unmatched(View.EMPTY)).isEmpty();
    }

    @Test
    void moreThanAHundredNodes_shareOneLabel() {
        int[] counts = new int[250];
        Arrays.fill(counts, 2);
        counts[249] = 7;
        List<Unmatched> all = NodeMetrics.unmatched(view(counts));
        assertThat(all).hasSize(101);
        assertThat(all.getFirst()).isEqualTo(new Unmatched("n250", 7));
        assertThat(all.getLast()).isEqualTo(new Unmatched("<others>", 150 * 2));
        assertThat(NodeMetrics.unmatched(view(Collections.nCopies(100, 1).stream()
                        .mapToInt(Integer::intValue)
                        .toArray())))
                .hasSize(100)
                .noneMatch(each -> each.node().equals("<others>"));
    }
}
