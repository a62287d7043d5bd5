// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.manager.Clock;
import io.pullpiri.statemanager.manager.Metrics;
import io.pullpiri.statemanager.manager.ReconcileTiming;
import io.pullpiri.statemanager.manager.Reconciler;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The timeouts of HTTP clients, on a server with shorter ones than usual. */
@Tag("slow")
class WriteTimeoutsTest {

    private static final Duration SOON = Duration.ofSeconds(10);

    /** More than the buffers between two sockets take. */
    private static final int SCENARIOS = 8;

    private static final int EACH = 1_000_000;

    @TempDir
    private Path folder;

    private ServerRig rig;
    private WriteTimeouts timeouts;
    private WebServer server;
    private Http http;

    @BeforeEach
    void start() throws Exception {
        rig = new ServerRig("sqlite:" + folder.resolve("states.db"), "off", Map.of());
        timeouts = new WriteTimeouts(Duration.ofMillis(300));
        Reconciler idle = new Reconciler(
                (scenario, timeout) -> new CompletableFuture<>(),
                new ReconcileTiming(SOON, SOON, SOON, failures -> 1),
                Clock.system(),
                (delay, task) -> {});
        server = WebServer.start(
                "127.0.0.1", 0, rig.server.manager(), idle, new Metrics(), timeouts, Duration.ofMillis(50));
        http = new Http(server.port());
    }

    @AfterEach
    void stop() {
        http.close();
        server.close();
        rig.close();
    }

    private void fill() {
        for (int i = 0; i < SCENARIOS; i++) {
            rig.apply("kind: Scenario\nmetadata: {name: s%s}\nspec: {action: %s, target: t}\n"
                    .formatted(i, "x".repeat(EACH)));
        }
    }

    /** Opens a connection with a small receive buffer and sends a request. */
    private Socket ask(String path) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(1_024);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        String request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    @Test
    void slowReader_isClosed() throws Exception {
        fill();
        try (Socket slow = ask("/api/v1/scenarios")) {
            byte[] some = new byte[64 << 10];
            int taken = 0;
            // The client reads often enough that no part of the answer waits for long.
            for (int read = 1; read > 0; read = slow.getInputStream().readNBytes(some, 0, some.length)) {
                taken += read;
                Thread.sleep(50);
            }
            assertThat(taken).isLessThan(SCENARIOS * EACH);
            assertThat(timeouts.givenUp()).isOne();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/v1/events", "/api/v1/scenarios"})
    void readerThatReadsNothing_isClosed(String path) throws Exception {
        fill();
        try (Socket stalled = ask(path)) {
            Await.until(SOON, () -> "a client that is closed", () -> timeouts.givenUp() == 1);
            // The client gets the bytes in transit, and then the end.
            assertThat(stalled.getInputStream().readAllBytes()).hasSizeBetween(1, SCENARIOS * EACH);
        }
        Await.until(
                SOON, () -> "no stream", () -> http.get("/metrics").body().contains("statemanager_http_streams 0.0"));
    }

    @Test
    void streamWithOnlyUnrequestedEvents_staysOpen() throws Exception {
        rig.apply(ServerRig.BRAKING);
        try (Http.Events events = http.events("?name=missing")) {
            String begun = events.until("ready").getLast().id();
            AtomicBoolean done = new AtomicBoolean();
            Thread busy = Thread.ofVirtual().start(() -> {
                for (int i = 0; !done.get(); i++) {
                    rig.client()
                            .sendChangedContainerList(ServerRig.list(i % 2 == 0 ? "running" : "exited:1", "running"));
                }
            });
            try {
                Http.ServerSentEvent alive = events.next();
                while (alive.id().equals(begun)) {
                    alive = events.next();
                }
                assertThat(alive.type()).isEqualTo("alive");
                assertThat(alive.of("eventId")).isEqualTo(alive.id());
            } finally {
                done.set(true);
                busy.join();
            }
        }
    }
}
