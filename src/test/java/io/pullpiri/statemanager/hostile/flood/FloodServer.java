// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import io.pullpiri.statemanager.hostile.flood.Attack.Port;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.Proc;
import io.pullpiri.statemanager.testing.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The program with its usual heap on a new SQLite file, in a process of its own. */
final class FloodServer implements AutoCloseable {

    private static final Pattern FAULTS = Pattern.compile("for faults on port (\\d+)");
    private static final Pattern USED = Pattern.compile("(?m)^Tenured .*? used (\\d+)K");
    private static final Pattern QUEUE = Pattern.compile("(?m)^statemanager_queue_commands (\\S+)");

    private final Program program;

    FloodServer(Path folder) throws IOException {
        program = Program.serve(folder, "--fault-port", "0");
    }

    int port(Port port) {
        return switch (port) {
            case GRPC -> program.port();
            case FAULTS -> faultPort();
            case HTTP -> program.httpPort();
        };
    }

    private int faultPort() {
        Await.until(
                Duration.ofSeconds(30),
                program::output,
                () -> FAULTS.matcher(program.output()).find());
        Matcher matcher = FAULTS.matcher(program.output());
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
    }

    boolean isAlive() {
        return program.process.isAlive();
    }

    /** Returns the last lines that it printed. */
    String lastWords() {
        List<String> lines = program.output().lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
    }

    /** Returns the peak of the resident memory so far, in MB (10^6 bytes). */
    double peakMegabytes() {
        return Proc.number(program.process.pid(), "status", "VmHWM") * 1_024 / 1e6;
    }

    /** Returns how many files and connections are open. */
    long descriptors() {
        try (Stream<Path> open = Files.list(Path.of("/proc/" + program.process.pid() + "/fd"))) {
            return open.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns how many commands wait, from the server's metrics. */
    double queue() throws IOException {
        Matcher matcher = QUEUE.matcher(HttpCall.get(port(Port.HTTP), "/metrics"));
        if (!matcher.find()) {
            throw new IOException("/metrics has no statemanager_queue_commands");
        }
        return Double.parseDouble(matcher.group(1));
    }

    /** Returns the used size of the heap's old generation after a full collection, in MB (10^6 bytes). It holds all live data then. */
    double heapMegabytes() throws IOException, InterruptedException {
        jcmd("GC.run");
        Matcher matcher = USED.matcher(jcmd("GC.heap_info"));
        if (!matcher.find()) {
            throw new IOException("jcmd GC.heap_info does not name the old generation of the serial collector");
        }
        return Double.parseDouble(matcher.group(1)) * 1_024 / 1e6;
    }

    private String jcmd(String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        String.valueOf(program.process.pid()),
                        command)
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException("jcmd " + command + ": " + output);
        }
        return output;
    }

    @Override
    public void close() {
        program.close();
    }
}
