// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import io.pullpiri.statemanager.cli.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The program in a process of its own, as {@code ./statemanager} starts it. {@link #close} kills it if it still runs. */
public final class Program implements AutoCloseable {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Pattern LISTENS = Pattern.compile("listens on [^\\n]*?:(\\d+)\\b");
    private static final Pattern DASHBOARD = Pattern.compile("Dashboard: [^\\n]*:(\\d+)/");

    public final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Thread reader;

    private Program(Process process) {
        this.process = process;
        this.reader = Thread.ofVirtual().start(() -> {
            try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8)) {
                in.lines().forEach(lines::add);
            } catch (IOException | UncheckedIOException e) {
                lines.add("(cut off: " + e.getMessage() + ")");
            }
        });
    }

    /** @param temporary the folder for its temporary files */
    public static Program start(Path temporary, String... args) throws IOException {
        return start(builder(temporary, args));
    }

    public static Program start(ProcessBuilder builder) throws IOException {
        return new Program(builder.redirectErrorStream(true).start());
    }

    public static ProcessBuilder builder(Path temporary, String... args) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@tools/java.options",
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(Arrays.asList(args));
        return new ProcessBuilder(command);
    }

    /**
     * {@code serve} on a SQLite file in that folder and on free ports, with the usual heap. It has no port for faults and no
     * ActionController.
     *
     * @param options names and values in turn; each replaces a usual option or is added
     */
    public static Program serve(Path folder, String... options) throws IOException {
        return start(serveBuilder(folder, options));
    }

    /** Returns the process of {@link #serve}, which is not started yet. */
    public static ProcessBuilder serveBuilder(Path folder, String... options) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("--store", "sqlite:" + folder.resolve("states.db"));
        all.put("--port", "0");
        all.put("--fault-port", "off");
        all.put("--http-port", "0");
        all.put("--action-controller", "off");
        for (int i = 0; i < options.length; i += 2) {
            all.put(options[i], options[i + 1]);
        }
        ProcessBuilder builder = builder(folder, "serve");
        builder.command().add(1, "-Xmx256m");
        all.forEach((name, value) -> builder.command().addAll(List.of(name, value)));
        return builder;
    }

    public void standardInput(String text) throws IOException {
        try (OutputStream in = process.getOutputStream()) {
            in.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Returns everything that it has printed so far. */
    public String output() {
        return String.join("\n", lines);
    }

    /** Returns the port that {@code serve} logs. */
    public int port() {
        return port(LISTENS);
    }

    /** Returns the port of the dashboard and of REST. */
    public int httpPort() {
        return port(DASHBOARD);
    }

    private int port(Pattern pattern) {
        Await.until(
                SOON,
                () -> "the port: " + output(),
                () -> pattern.matcher(output()).find());
        Matcher matcher = pattern.matcher(output());
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
    }

    /** Waits for the end of the process and of its output. */
    public int exitCode() {
        try {
            if (process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS) && reader.join(SOON)) {
                return process.exitValue();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new AssertionError("still running: " + output());
    }

    /** Kills the process (SIGKILL). */
    public void kill() {
        process.destroyForcibly();
        int _ = exitCode();
    }

    @Override
    public void close() {
        kill();
    }
}
