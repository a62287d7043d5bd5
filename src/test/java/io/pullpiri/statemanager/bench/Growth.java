// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import static io.pullpiri.statemanager.bench.Figure.Goal.atMost;

import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.testing.EtcdServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Measures the cost of a change in a large vehicle, and in a small one in the same minute. */
final class Growth implements Bench.Measurement {

    private static final int SLICES = 20;
    private static final int MODELS_OF_A_NODE = 100;

    /** The heap of servers that may have 100,000 packages. */
    private static final String HEAP = "3g";

    @Override
    public void measure(Bench.Effort effort, Path folder, Report report) throws Exception {
        Series series = new Series();
        Map<Double, Double> latency = new LinkedHashMap<>();
        Map<Double, Double> processor = new LinkedHashMap<>();
        for (int packages : effort.choose(List.of(200), List.of(10, 100, 1_000, 10_000, 100_000))) {
            // Both servers are new, because a server that has run longer has compiled more.
            try (EtcdServer etcd = EtcdServer.start();
                    ServerProcess small = new ServerProcess("etcd://" + etcd.endpoint(), HEAP);
                    EtcdServer other = EtcdServer.start("--quota-backend-bytes", "8589934592");
                    ServerProcess large = new ServerProcess("etcd://" + other.endpoint(), HEAP)) {
                fill(small, 10);
                fill(large, packages);
                String name = "%,d packages against 10".formatted(packages);
                compare(effort, small, large, name, packages == 100_000 ? atMost(1.2) : null, series);
                latency.put((double) packages, last(series, name + ", report to answer, p50"));
                processor.put((double) packages, last(series, name + ", processor time of the server"));
            }
        }
        extremes(effort, series);
        report.add(
                "Growth",
                """
                Two servers, each with its own etcd, run in turn: one with ten packages, one with many. A package has \
                five models, all reported. The report is equal on both: one model of one package dies or comes back. \
                Processor time is that of all threads but the compilers'. Ten packages against ten show the noise, \
                because both servers do equal work.""",
                series.figures(),
                Plots.lines(
                        folder,
                        "growth",
                        "packages",
                        "cost against 10 packages",
                        Map.of("latency, p50", latency, "processor time", processor)));
    }

    private static double last(Series series, String name) {
        return series.figures().stream()
                .filter(figure -> figure.name().equals(name))
                .findFirst()
                .orElseThrow()
                .median();
    }

    /** Reports all models of a number of packages as running. */
    private static void fill(ServerProcess server, int packages) {
        Bench.apply(server, 0, packages);
        List<ContainerInfo> containers = new ArrayList<>();
        int models = packages * Nodes.MODELS_OF_A_PACKAGE;
        for (int model = 0; model < models; model++) {
            containers.add(Vehicle.container(
                    Vehicle.modelName(model / Nodes.MODELS_OF_A_PACKAGE, model % Nodes.MODELS_OF_A_PACKAGE), true));
            if (containers.size() == MODELS_OF_A_NODE || model == models - 1) {
                report(server, "filler-" + model / MODELS_OF_A_NODE, containers);
                containers.clear();
            }
        }
    }

    private static void report(ServerProcess server, String node, List<ContainerInfo> containers) {
        var _ = server.answer(() -> StateManagerConnectionGrpc.newBlockingStub(server.channel)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .sendChangedContainerList(Vehicle.list(node, containers)));
    }

    private static void compare(
            Bench.Effort effort,
            ServerProcess small,
            ServerProcess large,
            String name,
            Figure.@Nullable Goal goal,
            Series series) {
        Latency.OneNode onSmall = new Latency.OneNode(small);
        Latency.OneNode onLarge = new Latency.OneNode(large);
        int warm = effort.choose(150, 5_000);
        onSmall.report(warm, new Histogram(3));
        onLarge.report(warm, new Histogram(3));
        int slice = effort.choose(6, 100);
        for (int i = 0; i < effort.repetitions(); i++) {
            Histogram smallNanos = new Histogram(3);
            Histogram largeNanos = new Histogram(3);
            double smallCpu = 0;
            double largeCpu = 0;
            for (int turn = 0; turn < SLICES; turn++) {
                double before = small.workSeconds();
                onSmall.report(slice, smallNanos);
                smallCpu += small.workSeconds() - before;
                before = large.workSeconds();
                onLarge.report(slice, largeNanos);
                largeCpu += large.workSeconds() - before;
            }
            double ratio = (double) largeNanos.getValueAtPercentile(50) / smallNanos.getValueAtPercentile(50);
            series.add(name + ", report to answer, p50", "x", ratio, goal);
            series.add(name + ", processor time of the server", "x", largeCpu / smallCpu, goal);
        }
    }

    /** Measures one package with very many models, and one model in very many packages. */
    private static void extremes(Bench.Effort effort, Series series) throws Exception {
        int many = effort.choose(100, 10_000);
        try (EtcdServer other = EtcdServer.start();
                ServerProcess small = new ServerProcess("etcd://" + other.endpoint(), HEAP);
                EtcdServer etcd = EtcdServer.start();
                ServerProcess large = new ServerProcess("etcd://" + etcd.endpoint(), HEAP)) {
            fill(small, 10);
            List<String> models = new ArrayList<>(Vehicle.modelNames(0, Nodes.MODELS_OF_A_PACKAGE));
            for (int i = 0; i < many - Nodes.MODELS_OF_A_PACKAGE; i++) {
                models.add("more-" + i);
            }
            Bench.apply(large, Vehicle.shortArtifact(Vehicle.packageName(0), models));
            compare(effort, small, large, "one package of %,d models against one of 5".formatted(many), null, series);
        }
        try (EtcdServer etcd = EtcdServer.start();
                ServerProcess large = new ServerProcess("etcd://" + etcd.endpoint(), HEAP)) {
            StringBuilder yaml = new StringBuilder();
            for (int i = 0; i < many; i++) {
                yaml.append("---\n").append(Vehicle.artifact(Vehicle.packageName(i), List.of("shared")));
                if (i % 500 == 499 || i == many - 1) {
                    Bench.apply(large, yaml.toString());
                    yaml.setLength(0);
                }
            }
            for (int i = 0; i < effort.repetitions(); i++) {
                report(large, "HPC", List.of(Vehicle.container("shared", true)));
                long start = System.nanoTime();
                report(large, "HPC", List.of(Vehicle.container("shared", false)));
                double millis = (System.nanoTime() - start) / 1e6;
                series.add("one model in %,d packages, report to answer".formatted(many), "ms", millis);
                series.add("the same for each package", "µs", millis * 1_000 / many);
            }
        }
    }
}
