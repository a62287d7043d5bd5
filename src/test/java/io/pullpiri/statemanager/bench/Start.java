// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import static io.pullpiri.statemanager.bench.Figure.Goal.atMost;
import static io.pullpiri.statemanager.bench.Figure.Goal.none;

import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Measures the time from the start of the process to the first answer, and the cost of a crash under load. */
final class Start implements Bench.Measurement {

    private static final int PACKAGES = 10_000;
    private static final int CHANGES_BEFORE_CRASH = 2_000;

    @Override
    public void measure(Bench.Effort effort, Path folder, Report report) throws Exception {
        Series series = new Series();
        int starts = effort.choose(2, 11);
        try (EtcdServer etcd = EtcdServer.start()) {
            String store = "etcd://" + etcd.endpoint();
            for (int i = 0; i < starts; i++) {
                series.add("a JVM that prints its version", "s", jvm());
                series.add("empty etcd, start to first answer", "s", start(store, 0), atMost(0.4));
            }
            int packages = effort.choose(PACKAGES / 20, PACKAGES);
            try (ServerProcess server = new ServerProcess(store)) {
                Bench.apply(server, 0, packages);
            }
            for (int i = 0; i < starts; i++) {
                String name = "%,d packages in etcd, start to first answer".formatted(packages);
                series.add(name, "s", start(store, packages), atMost(1));
            }
        }
        for (int i = 0; i < effort.choose(1, 5); i++) {
            crash(series);
        }
        report.add("Start and recovery", """
                The time runs from the start of `./statemanager serve` to the first answer to a query for all \
                packages, which comes when the store has been read. The crash is a kill -9 while 100 nodes report. \
                Each node reports one change of its ten models at a time, so the states of nine of them are certain. \
                Then the server starts, and the first report is acknowledged again.""", series.figures());
    }

    private static double jvm() throws IOException, InterruptedException {
        long start = System.nanoTime();
        new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-version")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        return (System.nanoTime() - start) / 1e9;
    }

    private static double start(String store, int packages) throws IOException {
        long start = System.nanoTime();
        try (ServerProcess server = new ServerProcess(store)) {
            int found = server.answer(() -> StateManagerConnectionGrpc.newBlockingStub(server.channel)
                            .withWaitForReady()
                            .withDeadlineAfter(60, TimeUnit.SECONDS)
                            .listResourcesByState(ListResourcesByStateRequest.newBuilder()
                                    .setResourceType(ResourceType.RESOURCE_TYPE_PACKAGE)
                                    .setLimit(1)
                                    .build()))
                    .getTotalCount();
            double seconds = (System.nanoTime() - start) / 1e9;
            if (found != packages) {
                throw new IllegalStateException(found + " packages (expected: " + packages + ")");
            }
            return seconds;
        }
    }

    private static void crash(Series series) throws Exception {
        int nodes = 100;
        try (EtcdServer etcd = EtcdServer.start();
                RawEtcd raw = new RawEtcd(etcd.endpoint())) {
            ServerProcess server = new ServerProcess("etcd://" + etcd.endpoint());
            Bench.apply(server, 0, Nodes.packages(nodes));
            try (Nodes load = new Nodes(server.port, nodes, false)) {
                load.run(TimeUnit.SECONDS.toNanos(1)); // every node was answered
                long before = load.acknowledged();
                CompletableFuture<Void> killer = CompletableFuture.runAsync(() -> {
                    Await.until(
                            Duration.ofSeconds(30),
                            () -> "changes before the crash",
                            () -> load.acknowledged() >= before + CHANGES_BEFORE_CRASH);
                    server.kill();
                });
                try {
                    load.run(TimeUnit.SECONDS.toNanos(60));
                    throw new AssertionError("the load has outlived the server");
                } catch (Nodes.CutShortException e) {
                    // Expected, because the server was killed.
                }
                killer.join();
                series.add("changes lost", "changes", load.lost(raw.read("/model/")), none());
                long start = System.nanoTime();
                try (ServerProcess again = new ServerProcess("etcd://" + etcd.endpoint())) {
                    new Latency.OneNode(again).report(1, new org.HdrHistogram.Histogram(3));
                    series.add(
                            "kill -9 under load, start to first acknowledged report",
                            "s",
                            (System.nanoTime() - start) / 1e9);
                }
            }
        }
    }
}
