// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * Runs the benchmarks and writes the report. The server, etcd and this program, which is the load, are separate processes on one
 * machine.
 */
final class Bench {

    /** The durations and repetitions of a run. */
    record Effort(boolean quick) {

        int repetitions() {
            return quick ? 2 : 3;
        }

        <T> T choose(T whenQuick, T otherwise) {
            return quick ? whenQuick : otherwise;
        }
    }

    private Bench() {}

    /** @param args {@code quick} or {@code full}, the folder for the report, and the sections (all if none is named) */
    public static void main(String[] args) throws Exception {
        Effort effort = new Effort(args[0].equals("quick"));
        Path folder = Files.createDirectories(Path.of(args[1]));
        Set<String> wanted = new TreeSet<>(Arrays.asList(args).subList(2, args.length));
        Report report = new Report(Machine.facts(effort));
        for (Measurement each : List.<Measurement>of(
                new Latency(), new Throughput(), new Growth(), new Start(), new Memory(), new Pure())) {
            String name = each.getClass().getSimpleName().toLowerCase(Locale.ROOT);
            if (wanted.isEmpty() || wanted.contains(name)) {
                each.measure(effort, folder, report);
                report.write(folder); // a later section may fail
            }
        }
        List<String> broken = report.brokenPromises();
        broken.forEach(figure -> System.err.println("error: not as promised: " + figure));
        System.exit(broken.isEmpty() ? 0 : 1); // ends the threads of etcd and gRPC
    }

    interface Measurement {
        void measure(Effort effort, Path folder, Report report) throws Exception;
    }

    /** Applies packages of five models, {@code package-FROM} to {@code package-(TO-1)}. */
    static void apply(ServerProcess server, int from, int to) {
        for (int slice = from; slice < to; slice += 500) {
            StringBuilder yaml = new StringBuilder();
            for (int i = slice; i < Math.min(to, slice + 500); i++) {
                yaml.append("---\n")
                        .append(Vehicle.artifact(
                                Vehicle.packageName(i), Vehicle.modelNames(i, Nodes.MODELS_OF_A_PACKAGE)));
            }
            apply(server, yaml.toString());
        }
    }

    static void apply(ServerProcess server, String yaml) {
        var _ = ArtifactsGrpc.newBlockingStub(server.channel)
                .withWaitForReady()
                .apply(ApplyRequest.newBuilder().setYaml(yaml).build());
    }
}
