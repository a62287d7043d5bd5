// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import static io.pullpiri.statemanager.bench.Figure.Goal.atMost;
import static java.util.Objects.requireNonNull;

import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc.StateManagerConnectionBlockingStub;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.EtcdServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Measures one report that changes one package, until its answer, and until another component sees the change. */
final class Latency implements Bench.Measurement {

    private static final int SLICES = 10;
    private static final String OURS = "report to answer";
    private static final Map<String, Double> PERCENTILES = Map.of("p50", 50.0, "p99", 99.0, "p99.9", 99.9);

    @Override
    public void measure(Bench.Effort effort, Path folder, Report report) throws Exception {
        Map<String, Histogram> plotted = new LinkedHashMap<>();
        try (EtcdServer etcd = EtcdServer.start();
                RawEtcd raw = new RawEtcd(etcd.endpoint());
                ServerProcess forwarder = ServerProcess.forwarder(etcd.endpoint());
                ServerProcess server = new ServerProcess("etcd://" + etcd.endpoint())) {
            Bench.apply(server, 0, 10);
            StateWatch watch = new StateWatch(raw.channel(), Keys.packageState(Vehicle.packageName(0)));
            Series series = new Series();
            OneNode node = new OneNode(server);
            Histogram seen = new Histogram(3);
            Map<String, Load> loads = new LinkedHashMap<>();
            loads.put("raw put", raw::oneByOne);
            loads.put("bare forwarder", new OneNode(forwarder)::report);
            loads.put(OURS, (count, nanos) -> node.report(count, nanos, watch, seen));
            run(effort, loads, series, plotted);
            seen(series, seen);
            report.add(
                    "Latency on etcd",
                    """
                    One caller sends one report of five containers, of which one has changed. When the answer comes, \
                    one transaction has stored its model and its package in etcd, with their history, the node record, \
                    and the journal record that subscribers resume from. Two comparisons run beside it: one put of \
                    eight bytes by a separate client ("raw put"), and the least that a server in between can do ("bare \
                    forwarder"): it receives the report, puts the eight bytes, and answers. A repetition has %,d of \
                    each, in slices that run in turn.\
                    """.formatted(SLICES * slice(effort)),
                    series.figures(),
                    Plots.percentiles(folder, "latency-etcd", plotted));
        }
        plotted.clear();
        Path data = Files.createTempDirectory("bench");
        try (RawDisk raw = new RawDisk(data);
                ServerProcess server = new ServerProcess("sqlite:" + data.resolve("states.db"))) {
            Bench.apply(server, 0, 10);
            Series series = new Series();
            OneNode node = new OneNode(server);
            Map<String, Load> loads = new LinkedHashMap<>();
            loads.put("raw flush", raw::oneByOne);
            loads.put(OURS, node::report);
            run(effort, loads, series, plotted);
            report.add(
                    "Latency on SQLite",
                    """
                    The same on SQLite, in one file. Beside it, a separate program writes and flushes a page of 4 KiB. \
                    A repetition has %,d of each.""".formatted(SLICES * slice(effort)),
                    series.figures(),
                    Plots.percentiles(folder, "latency-sqlite", plotted));
        }
    }

    /** Runs a number of operations one after the other, and records the nanoseconds of each. */
    interface Load {
        void run(int count, Histogram nanos) throws Exception;
    }

    private static int slice(Bench.Effort effort) {
        return effort.choose(25, 500);
    }

    /** Runs the loads in turn. The loads before StateManager's own are limits for comparison. */
    private static void run(Bench.Effort effort, Map<String, Load> loads, Series series, Map<String, Histogram> plotted)
            throws Exception {
        int slice = slice(effort);
        for (Load load : loads.values()) {
            load.run(effort.choose(200, 20_000), new Histogram(3));
        }
        loads.keySet().forEach(name -> plotted.put(name, new Histogram(3)));
        for (int repetition = 0; repetition < effort.repetitions(); repetition++) {
            Map<String, Histogram> nanos = new LinkedHashMap<>();
            for (int i = 0; i < SLICES; i++) {
                for (Map.Entry<String, Load> load : loads.entrySet()) {
                    load.getValue().run(slice, nanos.computeIfAbsent(load.getKey(), any -> new Histogram(3)));
                }
            }
            for (String percentile : List.of("p50", "p99", "p99.9")) {
                nanos.forEach((name, all) -> series.add(name + ", " + percentile, "ms", millis(all, percentile)));
                Histogram ours = requireNonNull(nanos.get(OURS));
                nanos.forEach((name, all) -> {
                    String ratio = OURS + " against " + name + ", " + percentile;
                    double times = millis(ours, percentile) / millis(all, percentile);
                    if (name.equals("raw put") && !percentile.equals("p99.9")) {
                        series.add(ratio, "x", times, atMost(percentile.equals("p50") ? 1.3 : 1.5));
                    } else if (!name.equals(OURS)) {
                        series.add(ratio, "x", times);
                    }
                });
            }
            nanos.forEach((name, all) -> requireNonNull(plotted.get(name)).add(all));
        }
    }

    private static void seen(Series series, Histogram seen) {
        for (String name : List.of("p50", "p99", "p99.9")) {
            series.add("report to a watch on etcd, " + name, "ms", millis(seen, name));
        }
    }

    private static double millis(Histogram nanos, String percentile) {
        return nanos.getValueAtPercentile(PERCENTILES.getOrDefault(percentile, 100.0)) / 1e6;
    }

    /** A node with the five models of the first package, of which one dies and starts again. */
    static final class OneNode {

        private final ServerProcess server;
        private final StateManagerConnectionBlockingStub stub;
        private final List<ContainerList> both = new ArrayList<>();
        private int reports;

        OneNode(ServerProcess server) {
            this.server = server;
            stub = StateManagerConnectionGrpc.newBlockingStub(server.channel);
            List<String> models = Vehicle.modelNames(0, Nodes.MODELS_OF_A_PACKAGE);
            for (boolean running : new boolean[] {true, false}) {
                both.add(Vehicle.list(
                        "HPC",
                        models.stream()
                                .map(model -> Vehicle.container(model, running || !model.equals(models.getFirst())))
                                .toList()));
            }
        }

        void report(int count, Histogram nanos) {
            for (int i = 0; i < count; i++) {
                nanos.recordValue(report());
            }
        }

        /** @return the time until the answer */
        private long report() {
            ContainerList list = both.get(reports++ % 2);
            long start = System.nanoTime();
            var _ = server.answer(
                    () -> stub.withDeadlineAfter(30, TimeUnit.SECONDS).sendChangedContainerList(list));
            return System.nanoTime() - start;
        }

        void report(int count, Histogram nanos, StateWatch watch, Histogram seen) throws InterruptedException {
            for (int i = 0; i < count; i++) {
                long start = System.nanoTime();
                nanos.recordValue(report());
                seen.recordValue(Math.max(0, watch.next() - start));
            }
        }
    }
}
