// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.Proc;
import io.pullpiri.statemanager.testing.Program;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The program on a store, always on the same port. Its output is in {@code target/chaos-server.log}. */
final class KillableServer implements AutoCloseable {

    private final String store;
    private final List<String> javaOptions;
    private final List<String> settings;
    private final int port = EtcdServer.freePort();
    private final Path temporary = Files.createTempDirectory("chaos-server-");
    private final Thread atExit = new Thread(this::destroy, "killable-server-at-exit");
    private Process process;

    KillableServer(String store, String... javaOptions) throws IOException {
        this(store, List.of(), javaOptions);
    }

    /** @param settings further options of {@code serve} */
    KillableServer(String store, List<String> settings, String... javaOptions) throws IOException {
        this.store = store;
        this.javaOptions = List.of(javaOptions);
        this.settings = List.copyOf(settings);
        this.process = launch();
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    int port() {
        return port;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    private Process launch() throws IOException {
        // A killed process leaves its unpacked files.
        MoreFiles.deleteDirectoryContents(temporary, RecursiveDeleteOption.ALLOW_INSECURE);
        ProcessBuilder builder = Program.builder(
                temporary, "serve", "--store", store, "--port", String.valueOf(port), "--fault-port", "off");
        builder.command().addAll(List.of("--http-port", "off", "--action-controller", "off"));
        builder.command().addAll(settings);
        builder.command().addAll(1, javaOptions);
        return builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(new File("target/chaos-server.log")))
                .start();
    }

    /** Kills the process (SIGKILL). */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Starts the program again after a {@link #kill}. */
    void restart() throws IOException {
        process = launch();
    }

    void freeze() throws IOException, InterruptedException {
        signal("STOP");
    }

    void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, String.valueOf(pid())).start().waitFor();
    }

    /** Returns a value of {@code /proc}: {@code VmRSS} in kB, or {@code Threads}. */
    double status(String field) {
        return Proc.number(pid(), "status", field);
    }

    /** Returns how many files and connections are open. */
    long descriptors() {
        try (Stream<Path> open = Files.list(Path.of("/proc/" + pid() + "/fd"))) {
            return open.count();
        } catch (IOException e) {
            throw new IllegalStateException("the server has ended", e);
        }
    }

    private void destroy() {
        try {
            kill();
            MoreFiles.deleteRecursively(temporary, RecursiveDeleteOption.ALLOW_INSECURE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(atExit);
        destroy();
    }
}
