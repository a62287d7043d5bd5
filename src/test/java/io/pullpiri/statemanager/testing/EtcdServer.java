// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real etcd, or one member of one, on free ports of this machine, with its own data, until {@link #close} or the end of
 * the JVM.
 * The binary is {@code STATEMANAGER_ETCD} if that is set, else the one that {@code tools/fetch-etcd} finds or fetches. etcd's log
 * is in {@code target/etcd-PORT.log}.
 */
public final class EtcdServer implements AutoCloseable {

    private static final Duration READY_WITHIN = Duration.ofSeconds(30);
    private static final Duration STOPPED_WITHIN = Duration.ofSeconds(10);

    private final String binary = binary();
    private final Path data;
    private final int clientPort = freePort();
    private final int peerPort = anotherPort(clientPort);
    private final Path log = Path.of("target", "etcd-" + clientPort + ".log");
    private final List<String> options;
    private final Thread atExit = new Thread(this::destroyAtExit, "etcd-at-exit");
    private @Nullable Process process;

    /** All members, in the form of {@code --initial-cluster}. */
    private String cluster = name() + "=" + peerUrl();

    private EtcdServer(@Nullable Path parent, String... options) {
        this.options = List.of(options);
        try {
            data = parent == null ? Files.createTempDirectory("etcd-") : Files.createTempDirectory(parent, "etcd-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** Starts etcd with additional options, and waits until it answers. */
    public static EtcdServer start(String... options) {
        return start(List.of(new EtcdServer(null, options))).getFirst();
    }

    /** Starts etcd with its data in a new folder within that one. */
    public static EtcdServer startOn(Path parent, String... options) {
        return start(List.of(new EtcdServer(parent, options))).getFirst();
    }

    /** Starts an etcd of several members. */
    public static List<EtcdServer> startCluster(int size, String... options) {
        List<EtcdServer> members =
                Stream.generate(() -> new EtcdServer(null, options)).limit(size).toList();
        String cluster = members.stream().map(member -> member.cluster).collect(Collectors.joining(","));
        members.forEach(member -> member.cluster = cluster);
        return start(members);
    }

    private static List<EtcdServer> start(List<EtcdServer> members) {
        try {
            members.forEach(EtcdServer::launch);
            members.forEach(EtcdServer::awaitReady);
        } catch (RuntimeException e) {
            members.forEach(EtcdServer::close);
            throw e;
        }
        return members;
    }

    private String name() {
        return "test-" + peerPort;
    }

    private String peerUrl() {
        return "http://127.0.0.1:" + peerPort;
    }

    /** Returns the address for clients: {@code host:port}. */
    public String endpoint() {
        return "127.0.0.1:" + clientPort;
    }

    /** Returns the port of {@link #endpoint}. */
    public int port() {
        return clientPort;
    }

    /** Stops etcd with SIGTERM, and waits for its end. The data stays. */
    public void stop() {
        end(running -> {
            // A stopped process would not handle the signal.
            if (running.isAlive()) {
                resume();
            }
            running.destroy();
        });
    }

    /** Kills etcd (SIGKILL). The data stays. */
    public void kill() {
        end(Process::destroyForcibly);
    }

    /** Restarts etcd on the same ports and data, and waits until it answers. */
    public void restart() {
        stop();
        launch();
        awaitReady();
    }

    /** Freezes etcd: its connections stay open, and it answers nothing. */
    public void pause() {
        signal("STOP");
        // Its threads stop one after another, and one that still runs could answer.
        Await.until(STOPPED_WITHIN, () -> "all threads of etcd stopped", () -> Proc.isStopped(pid()));
    }

    public void resume() {
        signal("CONT");
    }

    /** Deletes the data of an etcd that is stopped: the next start begins at revision 1. */
    public void wipe() {
        try (Stream<Path> files = Files.walk(data)) {
            files.filter(file -> !file.equals(data))
                    .sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends etcd and deletes its data. */
    @Override
    public void close() {
        destroy();
        Runtime.getRuntime().removeShutdownHook(atExit);
    }

    private void launch() {
        String clientUrl = "http://" + endpoint();
        List<String> command = new ArrayList<>(List.of(binary, "--name", name(), "--logger", "zap"));
        command.addAll(List.of("--data-dir", data.resolve("member").toString()));
        command.addAll(List.of("--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl));
        command.addAll(List.of("--listen-peer-urls", peerUrl(), "--initial-advertise-peer-urls", peerUrl()));
        command.addAll(List.of("--initial-cluster", cluster));
        command.addAll(options);
        try {
            Files.createDirectories(log.getParent());
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("etcd could not be started: " + command, e);
        }
    }

    private void awaitReady() {
        HttpRequest health = HttpRequest.newBuilder(URI.create("http://" + endpoint() + "/health"))
                .timeout(Duration.ofSeconds(2))
                .build();
        long deadline = System.nanoTime() + READY_WITHIN.toNanos();
        try (HttpClient http = HttpClient.newHttpClient()) {
            while (!isHealthy(http, health)) {
                if (!running().isAlive() || System.nanoTime() > deadline) {
                    throw new IllegalStateException("etcd is not ready within " + READY_WITHIN + ": see " + log);
                }
                TimeUnit.MILLISECONDS.sleep(20);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static boolean isHealthy(HttpClient http, HttpRequest health) throws InterruptedException {
        try {
            HttpResponse<String> answer = http.send(health, HttpResponse.BodyHandlers.ofString());
            return answer.statusCode() == 200 && answer.body().contains("true");
        } catch (IOException e) {
            return false;
        }
    }

    private void end(Consumer<Process> how) {
        Process running = process;
        if (running == null) {
            return;
        }
        how.accept(running);
        try {
            if (!running.waitFor(10, TimeUnit.SECONDS)) {
                running.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            running.destroyForcibly();
        }
        process = null;
    }

    private void destroy() {
        kill();
        wipe();
        data.toFile().delete();
    }

    private void destroyAtExit() {
        try {
            destroy();
        } catch (UncheckedIOException e) {
            // The disk with the data is removed at the same time.
        }
    }

    private void signal(String name) {
        run("kill", "-" + name, String.valueOf(pid()));
    }

    public boolean isAlive() {
        return process != null && process.isAlive();
    }

    /** Returns its process, if it runs. */
    public long pid() {
        return running().pid();
    }

    private Process running() {
        if (process == null) {
            throw new IllegalStateException("etcd is not running");
        }
        return process;
    }

    private static String binary() {
        String given = System.getenv("STATEMANAGER_ETCD");
        return given != null ? given : run("tools/fetch-etcd");
    }

    /** Returns a free port other than {@code taken}, because the same port can be returned twice. */
    private static int anotherPort(int taken) {
        int port = freePort();
        while (port == taken) {
            port = freePort();
        }
        return port;
    }

    /** Returns a port of this machine that is free now. */
    public static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String run(String... command) {
        try {
            Process run = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String output = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (run.waitFor() != 0) {
                throw new IllegalStateException("failed: " + String.join(" ", command) + " (see above)");
            }
            return output.strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
