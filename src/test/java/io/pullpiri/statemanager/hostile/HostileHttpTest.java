// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.Proc;
import io.pullpiri.statemanager.testing.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Attacks on the HTTP port of the program, all from the address of its other clients. During all of them, health and metrics are
 * requested on new connections, and each of these requests must be answered.
 */
@Tag("slow")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class HostileHttpTest {

    private static final Duration SOON = Duration.ofMinutes(3);

    private static final double MAX_MORE_MEGABYTES = 100;

    private static final int QUIET_ROUNDS = 100;
    private static final int NO_ANSWER = -1;
    private static final String SCRIPT = "/lib/echarts/echarts.esm.min.js";
    private static final String LOOPBACK = "127.0.0.1";

    @TempDir
    Path folder;

    private Program server;
    private double before;
    private final List<Socket> sockets = new ArrayList<>();
    private final List<String> failures = new CopyOnWriteArrayList<>();
    private final AtomicInteger answered = new AtomicInteger();
    private volatile boolean done;
    private Thread prober;

    @BeforeEach
    void start() throws IOException {
        server = Program.serve(folder);
        int _ = server.httpPort();
        Await.until(SOON, () -> "health", () -> status("/health") == 200);
        // The same probes without an attack.
        for (int i = 0; i < QUIET_ROUNDS; i++) {
            for (String path : List.of("/health", "/metrics", "/api/v1/packages", SCRIPT)) {
                assertThat(status(path)).isEqualTo(200);
            }
        }
        before = resident();
        prober = Thread.ofVirtual().start(this::probe);
    }

    private void probe() {
        while (!done) {
            for (String path : List.of("/health", "/metrics")) {
                int status = status(path);
                if (status != 200) {
                    failures.add(path + ": " + status);
                }
            }
            answered.incrementAndGet();
        }
    }

    @AfterEach
    void healthWasAlwaysAnsweredAndMemoryWasBounded() throws Exception {
        int asked = answered.get();
        try (Program program = server) {
            Await.until(SOON, () -> "more probes, " + failures, () -> answered.get() > asked + 5);
            done = true;
            prober.join();
            assertThat(program.process.isAlive()).isTrue();
            assertThat(failures).isEmpty();
            assertThat(Proc.number(program.process.pid(), "status", "VmHWM") / 1_000)
                    .isLessThan(before + MAX_MORE_MEGABYTES);
            assertThat(program.output()).doesNotContain("ERROR").doesNotContain("OutOfMemory");
        } finally {
            done = true;
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    private double resident() {
        return Proc.number(server.process.pid(), "status", "VmRSS") / 1_000;
    }

    private Socket connect(String from) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(2_048);
        socket.setSoTimeout(120_000);
        socket.bind(new InetSocketAddress(from, 0));
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.httpPort()));
        return socket;
    }

    private Socket send(String from, String request) throws IOException {
        Socket socket = connect(from);
        sockets.add(socket);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }

    /** Returns the status of a request on a connection of its own; -1 if there is no answer. */
    private int status(String path) {
        return status(LOOPBACK, path);
    }

    private int status(String from, String path) {
        try (Socket socket = connect(from)) {
            String answer = whole(socket, path);
            return answer.isEmpty() ? NO_ANSWER : Integer.parseInt(answer.split(" ", 3)[1]);
        } catch (IOException e) {
            return NO_ANSWER;
        }
    }

    /** Returns the whole answer with its head. */
    private static String whole(Socket socket, String path) throws IOException {
        String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private void awaitNormalAnswers() {
        for (String path : List.of("/api/v1/packages", "/index.html")) {
            for (int i = 0; i < 3; i++) {
                Await.until(SOON, () -> path, () -> status(path) == 200);
            }
        }
    }

    private double metric(String name) {
        try (Socket socket = connect(LOOPBACK)) {
            return whole(socket, "/metrics")
                    .lines()
                    .filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return -1;
        }
    }

    @Test
    void unfinishedHeaders_areRejectedAtTheirLimit() throws IOException {
        String header = "GET / HTTP/1.1\r\nX: " + "x".repeat(380_000);
        for (int i = 0; i < 220; i++) {
            try {
                send(LOOPBACK, header);
            } catch (IOException e) {
                // The server has refused it before its end.
            }
        }
        // These stay within the limit for the 10 seconds of their deadline.
        for (int i = 0; i < 1_000; i++) {
            send(LOOPBACK, "GET / HTTP/1.1\r\nX: " + "x".repeat(16_000));
        }
        awaitNormalAnswers();
        assertThat(metric("statemanager_http_request_bytes")).isLessThanOrEqualTo((256 << 20) / 10.0);
        assertThat(metric("statemanager_refusals_total{limit=\"http-header\",reason=\"size\"}"))
                .isGreaterThan(0);
    }

    @Test
    void slowReadersOfTheLargestScript_shareItsMemoryAndLeaveRoomForOthers() throws IOException {
        // The server disconnects readers that read nothing for 30 s, so a slow machine needs more of them.
        double most = 0;
        for (int i = 0; i < 1_050 || most <= 500; i++) {
            send(LOOPBACK, get(SCRIPT));
            if (i % 50 == 0) {
                most = Math.max(most, metric("statemanager_http_connections"));
            }
        }
        awaitNormalAnswers();
    }

    @Test
    void bodiesThatNeverArrive_takeNoPlaceAmongTheAnswers() throws IOException {
        for (int i = 0; i < 200; i++) {
            send(LOOPBACK, "POST /api/artifact HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\nk");
        }
        assertThat(status("/api/v1/packages")).isEqualTo(200);
        awaitNormalAnswers();
    }

    @Test
    void partialBodies_shareTheMemoryOfRequests() throws IOException {
        String part = "POST /api/artifact HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n"
                + "#".repeat(3_900_000);
        for (int i = 0; i < 60; i++) {
            try {
                send(LOOPBACK, part);
            } catch (IOException e) {
                // It was closed to make room for another one.
            }
        }
        awaitNormalAnswers();
        assertThat(metric("statemanager_http_request_bytes")).isLessThanOrEqualTo((256 << 20) / 10.0);
    }

    @Test
    void oneClientThatTakesAllStreams_leavesSomeToOthers() throws IOException {
        String stream = get("/api/v1/events");
        String hostile = "127.0.0.2";
        for (int i = 0; i < 1_000; i++) {
            send(hostile, stream);
        }
        Await.until(SOON, () -> "three quarters", () -> metric("statemanager_http_streams") >= 750);
        assertThat(metric("statemanager_http_streams")).isEqualTo(750);
        try (Socket refused = send(hostile, stream)) {
            assertThat(statusLine(refused)).contains("503");
        }
        try (Socket other = send(LOOPBACK, stream)) {
            assertThat(statusLine(other)).contains("200");
        }
        awaitNormalAnswers();
    }

    private static String statusLine(Socket socket) throws IOException {
        return new String(socket.getInputStream().readNBytes(15), StandardCharsets.US_ASCII);
    }
}
