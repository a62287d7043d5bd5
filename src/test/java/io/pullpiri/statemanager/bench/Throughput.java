// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import static io.pullpiri.statemanager.bench.Figure.Goal.atLeast;
import static io.pullpiri.statemanager.bench.Figure.Goal.none;

import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.testing.EtcdServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;

/** Measures how many changes of models are acknowledged in a second, and checks that all are stored afterwards. */
final class Throughput implements Bench.Measurement {

    private static final int IN_FLIGHT = 100;
    private static final List<String> PROCESSES = List.of("server", "etcd", "load");

    @Override
    public void measure(Bench.Effort effort, Path folder, Report report) throws Exception {
        long nanos = TimeUnit.MILLISECONDS.toNanos(effort.choose(500, 5_000));
        List<Integer> sizes = effort.choose(List.of(100), List.of(1, 10, 100, 1_000));
        long warm = TimeUnit.SECONDS.toNanos(effort.choose(2, 20));
        Series series = new Series();
        for (int nodes : sizes) {
            for (boolean all : new boolean[] {false, true}) {
                try (EtcdServer etcd = EtcdServer.start();
                        RawEtcd raw = new RawEtcd(etcd.endpoint());
                        ServerProcess server = new ServerProcess("etcd://" + etcd.endpoint())) {
                    Bench.apply(server, 0, Nodes.packages(nodes));
                    try (Nodes load = new Nodes(server.port, nodes, all)) {
                        load.run(warm);
                        raw.manyAtOnce(IN_FLIGHT, nanos);
                        for (int i = 0; i < effort.repetitions(); i++) {
                            double limit = raw.manyAtOnce(IN_FLIGHT, nanos);
                            double[] before = cpuSeconds(server, etcd);
                            double changes = load.run(nanos);
                            double[] after = cpuSeconds(server, etcd);
                            String name = name(nodes, all);
                            series.add(name, "changes/s", changes);
                            series.add(
                                    name + ", against raw puts",
                                    "x",
                                    changes / limit,
                                    nodes == IN_FLIGHT && all ? atLeast(3) : null);
                            for (int process = 0; process < PROCESSES.size(); process++) {
                                series.add(
                                        name + ", processor time of the " + PROCESSES.get(process),
                                        "µs/change",
                                        (after[process] - before[process]) / (changes * nanos / 1e9) * 1e6);
                            }
                            series.add("raw puts, 100 in flight", "puts/s", limit);
                        }
                        series.add("changes lost, all runs", "changes", load.lost(raw.read("/model/")), none());
                    }
                }
            }
        }
        report.add("Throughput on etcd", """
                Each node has ten models of two packages and one report in flight. In a report one of the ten has \
                changed, or all have. With a change of a model its package may change too. Afterwards every model's \
                key is compared with the last report of its node. Load, server and etcd share the machine, so the load \
                takes processor time from the others. All nodes share ten connections.""", series.figures());
        report.add(
                "Throughput on SQLite",
                "The same on SQLite, in one file, against flushes of a page one after the other.",
                sqlite(effort, sizes, nanos));
    }

    /** Returns the processor time of each of {@link #PROCESSES}. */
    private static double[] cpuSeconds(ServerProcess server, EtcdServer etcd) {
        return new double[] {
            server.cpuSeconds(),
            ServerProcess.cpuSeconds(etcd.pid()),
            ServerProcess.cpuSeconds(ProcessHandle.current().pid())
        };
    }

    private static String name(int nodes, boolean all) {
        return "%,d node%s, %s".formatted(nodes, nodes == 1 ? "" : "s", all ? "all ten models change" : "one change");
    }

    private static List<Figure> sqlite(Bench.Effort effort, List<Integer> sizes, long nanos) throws Exception {
        Series series = new Series();
        for (int nodes : sizes) {
            Path data = Files.createTempDirectory("bench");
            Path file = data.resolve("states.db");
            try (Nodes load = load(effort, series, data, file, nodes, nanos);
                    StateStore store = SqliteStore.open(file)) {
                Map<String, String> stored = store.getAllWithPrefix("/model/").stream()
                        .collect(Collectors.toMap(entry -> entry.key(), entry -> entry.value()));
                series.add("changes lost, all runs", "changes", load.lost(stored), none());
            }
        }
        return series.figures();
    }

    private static Nodes load(Bench.Effort effort, Series series, Path data, Path file, int nodes, long nanos)
            throws Exception {
        try (RawDisk raw = new RawDisk(data);
                ServerProcess server = new ServerProcess("sqlite:" + file)) {
            Bench.apply(server, 0, Nodes.packages(nodes));
            Nodes load = new Nodes(server.port, nodes, true);
            load.run(4 * nanos);
            for (int i = 0; i < effort.repetitions(); i++) {
                int flushes = effort.choose(300, 5_000);
                long start = System.nanoTime();
                raw.oneByOne(flushes, new Histogram(3));
                double limit = flushes / ((System.nanoTime() - start) / 1e9);
                double changes = load.run(nanos);
                series.add(name(nodes, true), "changes/s", changes);
                series.add(name(nodes, true) + ", against flushes", "x", changes / limit);
                series.add("flushes, one after the other", "flushes/s", limit);
            }
            return load;
        }
    }
}
