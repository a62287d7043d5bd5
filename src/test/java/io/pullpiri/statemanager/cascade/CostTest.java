// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.View;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The cost of a change, in figures that do not depend on the machine. */
class CostTest {

    private static final int WARM = 3_000;

    /** It was 15,648 in the small vehicle when this was written; a map of 2,000 packages is deeper. */
    private static final long MOST_BYTES = 26_000;

    private static CascadeRig vehicle(int packages) {
        CascadeRig world = new CascadeRig();
        for (int i = 0; i < packages; i++) {
            world.run(apply(packageYaml("package-" + i, "model-" + i + "-a", "model-" + i + "-b")));
        }
        return world;
    }

    private static Command reportOf(int i, String state) {
        return report("node-" + i, "model-" + i + "-a/a=" + state, "model-" + i + "-b/b=running");
    }

    private static List<String> keys(Transaction transaction) {
        return transaction.writes().stream().map(Transaction.Write::key).toList();
    }

    // [utest->req~pkg-shared~1]
    @Test
    void change_costsFourWritesInOneCommitForAnyNumberOfPackages() {
        for (int packages : new int[] {1, 2_000}) {
            CascadeRig world = vehicle(packages);
            world.run(reportOf(0, "running"));
            Plan plan = world.cascade.plan(world.view, List.of(reportOf(0, "exited:1")), world.now());
            assertThat(plan.transactions()).hasSize(1);
            assertThat(keys(plan.transactions().getFirst().transaction()))
                    .hasSize(4)
                    .startsWith("/model/model-0-a/state", "/package/package-0/state", "/statemanager/node/node-0")
                    .last()
                    .asString()
                    .startsWith("/statemanager/journal/");
        }
    }

    @Test
    void manyReports_shareOneCommitAndOneJournalRecord() {
        CascadeRig world = vehicle(20);
        List<Command> batch = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            world.run(reportOf(i, "running"));
            batch.add(reportOf(i, "exited:1"));
        }
        Plan plan = world.cascade.plan(world.view, batch, world.now());
        assertThat(plan.answers()).hasSize(20);
        assertThat(plan.transactions()).hasSize(1);
        assertThat(plan.transactions().getFirst().transaction().writes()).hasSize(3 * 20 + 1);
    }

    @Test
    void reportWithoutChanges_isNoCommit() {
        CascadeRig world = vehicle(1);
        world.run(reportOf(0, "running"));
        assertThat(world.cascade
                        .plan(world.view, List.of(reportOf(0, "running")), world.now())
                        .transactions())
                .isEmpty();
    }

    @Test
    void change_allocatesLittleInALargeVehicle() {
        assertThat(bytesOfAReport(10)).isLessThan(MOST_BYTES);
        assertThat(bytesOfAReport(2_000)).isLessThan(MOST_BYTES);
    }

    /** The bytes that a decision and the next view allocate, once the code is warm. */
    private static long bytesOfAReport(int packages) {
        CascadeRig world = vehicle(packages);
        world.run(reportOf(0, "running"));
        List<Command> report = List.of(reportOf(0, "exited:1"));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = 0;
        for (int i = 0; i < 2 * WARM; i++) {
            if (i == WARM) {
                before = threads.getCurrentThreadAllocatedBytes();
            }
            Plan plan = world.cascade.plan(world.view, report, world.now());
            View next = world.cascade.committed(
                    plan, Collections.nCopies(plan.transactions().size(), 1_000_000L));
            assertThat(next).isNotNull();
        }
        return (threads.getCurrentThreadAllocatedBytes() - before) / WARM;
    }
}
