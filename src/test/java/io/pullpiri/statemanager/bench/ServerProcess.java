// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.statemanager.testing.Proc;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** StateManager as users start it: the program with its class cache and options, in a process of its own. */
final class ServerProcess implements AutoCloseable {

    private static final Pattern LISTENS = Pattern.compile("listens on \\S*?:(\\d+)");
    private static final Pattern COMPILER = Pattern.compile("\\(C[12] Comp");
    private static final int TICKS_PER_SECOND = 100;

    private final Process process;
    private final Thread atExit;
    final int port;
    final ManagedChannel channel;

    ServerProcess(String store) throws IOException {
        this(serve(store), Map.of());
    }

    /** Starts a server with another heap than the usual one, e.g. {@code 2g}. */
    ServerProcess(String store, String heap) throws IOException {
        this(serve(store), Map.of("STATEMANAGER_HEAP", heap));
    }

    private static List<String> serve(String store) {
        List<String> command = new ArrayList<>(List.of("./statemanager", "serve", "--store", store));
        command.addAll(List.of("--port", "0", "--fault-port", "off", "--http-port", "0", "--action-controller", "off"));
        return command;
    }

    /** Starts a {@link Forwarder} with the options of the server. */
    static ServerProcess forwarder(String endpoint) throws IOException {
        return new ServerProcess(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "@tools/java.options",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Forwarder.class.getName(),
                        endpoint),
                Map.of());
    }

    private ServerProcess(List<String> command, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        process = builder.start();
        atExit = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(atExit);
        BufferedReader output = process.inputReader();
        port = port(output);
        Thread.ofVirtual().start(() -> drain(output));
        channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .maxInboundMessageSize(64 << 20)
                .build();
    }

    private static int port(BufferedReader output) throws IOException {
        StringBuilder log = new StringBuilder();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            Matcher matcher = LISTENS.matcher(line);
            if (matcher.find()) {
                return Integer.parseInt(matcher.group(1));
            }
            log.append(line).append('\n');
        }
        throw new IOException("the server has not started:\n" + log);
    }

    private static void drain(BufferedReader output) {
        try {
            while (output.readLine() != null) {
                // Its log is not needed during the measurement.
            }
        } catch (IOException e) {
            // The process has ended.
        }
    }

    /** Returns the seconds of processor time that it has used. */
    double cpuSeconds() {
        return cpuSeconds(process.pid());
    }

    /** Returns the seconds of processor time of all threads except those that compile. */
    double workSeconds() {
        try (Stream<Path> threads = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
            return threads.flatMap(thread -> readIfThere(thread.resolve("stat")).stream())
                    .filter(stat -> !COMPILER.matcher(stat).find())
                    .mapToDouble(ServerProcess::cpuSeconds)
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the seconds of processor time that a process has used. */
    static double cpuSeconds(long pid) {
        return cpuSeconds(read(Path.of("/proc/" + pid + "/stat")));
    }

    private static double cpuSeconds(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Double.parseDouble(fields[11]) + Double.parseDouble(fields[12])) / TICKS_PER_SECOND;
    }

    /** Reads a file of {@code /proc}; empty if its thread has ended. */
    private static Optional<String> readIfThere(Path file) {
        try {
            return Optional.of(Files.readString(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the resident memory in MB (10^6 bytes). */
    double residentMegabytes() {
        return memory("Rss");
    }

    /** Returns the resident memory in MB (10^6 bytes), with only its part of shared pages. */
    double proportionalMegabytes() {
        return memory("Pss");
    }

    private double memory(String field) {
        return Proc.number(process.pid(), "smaps_rollup", field) * 1024 / 1e6;
    }

    /** Repeats a query until it is answered, because a server that still reads its store refuses it. */
    <T> T answer(Supplier<T> call) {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (true) {
            try {
                return call.get();
            } catch (StatusRuntimeException e) {
                if (e.getStatus().getCode() != Status.Code.UNAVAILABLE || System.nanoTime() > deadline) {
                    throw e;
                }
            }
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Kills the process (SIGKILL). */
    void kill() {
        process.destroyForcibly();
        end();
    }

    @Override
    public void close() {
        process.destroy();
        end();
    }

    private void end() {
        channel.shutdownNow();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().removeShutdownHook(atExit);
    }
}
