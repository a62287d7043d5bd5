// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import static io.pullpiri.statemanager.bench.Figure.Goal.atMost;

import io.pullpiri.statemanager.testing.EtcdServer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Measures the server's memory. */
final class Memory implements Bench.Measurement {

    private static final String USUAL_HEAP = "256m";

    @Override
    public void measure(Bench.Effort effort, Path folder, Report report) throws Exception {
        Series series = new Series();
        int packages = effort.choose(500, 10_000);
        long changes = effort.choose(5_000L, 1_000_000L);
        try (EtcdServer etcd = EtcdServer.start("--quota-backend-bytes", "8589934592")) {
            String store = "etcd://" + etcd.endpoint();
            try (ServerProcess server = new ServerProcess(store)) {
                new Latency.OneNode(server).report(1, new org.HdrHistogram.Histogram(3));
                series.add("after the start, resident", "MB", server.residentMegabytes(), atMost(100));
                series.add("after the start, proportional", "MB", server.proportionalMegabytes());
                Bench.apply(server, 0, packages);
            }
            try (ServerProcess server = new ServerProcess(store)) {
                new Latency.OneNode(server).report(1, new org.HdrHistogram.Histogram(3));
                series.add("%,d packages, resident".formatted(packages), "MB", server.residentMegabytes(), atMost(180));
            }
        }
        afterChanges(changes, USUAL_HEAP, series, atMost(200));
        afterChanges(changes / 2, "64m", series, null);
        report.add("Memory", """
                Resident memory of the server, on etcd. The changes are those of 100 nodes, all ten models in every \
                report. An hour has a million changes if a vehicle changes 280 times a second. `STATEMANAGER_HEAP` \
                sets the heap (default: 256 MB). The figure half way shows whether memory grows.""", series.figures());
    }

    private static void afterChanges(long changes, String heap, Series series, Figure.@Nullable Goal goal)
            throws Exception {
        int nodes = 100;
        try (EtcdServer etcd =
                        EtcdServer.start("--quota-backend-bytes", "8589934592", "--auto-compaction-retention", "1");
                ServerProcess server = new ServerProcess("etcd://" + etcd.endpoint(), heap)) {
            Bench.apply(server, 0, Nodes.packages(nodes));
            try (Nodes load = new Nodes(server.port, nodes, true)) {
                String name = "heap of %s, after %%,d changes, resident".formatted(heap);
                change(load, changes / 2);
                series.add(name.formatted(changes / 2), "MB", server.residentMegabytes());
                change(load, changes / 2);
                series.add(name.formatted(changes), "MB", server.residentMegabytes(), goal);
            }
        }
    }

    private static void change(Nodes load, long changes) throws InterruptedException {
        long slice = TimeUnit.SECONDS.toNanos(1);
        for (double done = 0; done < changes; ) {
            done += load.run(slice) * slice / 1e9;
        }
    }
}
