// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.pullpiri.statemanager.manager.Anomalies.RefusalLabels;
import io.pullpiri.statemanager.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The protocol and the limits of the HTTP port. The limits are small here. */
class HttpConnectionsTest {

    private static final Duration SOON = Duration.ofSeconds(10);
    private static final WriteTimeouts PATIENT = new WriteTimeouts(Duration.ofSeconds(30));

    /** More than the buffers between two sockets take. */
    private static final ByteBuf LARGE =
            Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(16 << 20)));

    /** With this limit, a request must arrive within 100 ms. */
    private final WriteTimeouts shortTimeouts = new WriteTimeouts(Duration.ofMillis(300));

    @SuppressWarnings("NullAway.Init") // each test starts it with its own limits
    private PlainServer server;

    private final List<RawHttp> clients = new ArrayList<>();
    private final CountDownLatch held = new CountDownLatch(1);

    private void start(WriteTimeouts timeouts) throws IOException {
        start(timeouts, 100, 1 << 20);
    }

    private void start(WriteTimeouts timeouts, int most, long requestBytes) throws IOException {
        server = new PlainServer(timeouts, this::answer, most, requestBytes);
    }

    private Reply answer(Exchange exchange) {
        return switch (exchange.target()) {
            case "/made" -> Reply.json(Map.of("a", 1));
            case "/large" -> new Reply(200, "text/plain", new Reply.Body.Shared(LARGE, LARGE), Map.of());
            case "/held" -> {
                try {
                    held.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                yield echo(exchange);
            }
            default -> echo(exchange);
        };
    }

    private static Reply echo(Exchange exchange) {
        String text =
                exchange.method() + " " + exchange.target() + " " + new String(exchange.body(), StandardCharsets.UTF_8);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Reply(200, "text/plain", new Reply.Body.Bytes(bytes), Map.of());
    }

    private RawHttp client() throws IOException {
        return client("127.0.0.1");
    }

    private RawHttp client(String from) throws IOException {
        RawHttp client = new RawHttp(server.connections.port(), from);
        clients.add(client);
        return client;
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }

    private static String post(String more, String body) {
        return "POST /post HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n" + body;
    }

    @AfterEach
    void stop() throws IOException {
        held.countDown();
        for (RawHttp client : clients) {
            client.close();
        }
        server.close();
    }

    private long refusals(String limit, String reason) {
        return server.anomalies.refusals().getOrDefault(new RefusalLabels(limit, reason), 0L);
    }

    @Test
    void requestsOfOneConnection_areAnsweredInOrderAlsoIfPipelined() throws IOException {
        start(PATIENT);
        RawHttp client =
                client().send("\r\n" + get("/a") + post("Content-Length: 3\r\n", "xyz") + get("/made") + "GET /b");
        assertThat(client.answer().body()).isEqualTo("GET /a ");
        assertThat(client.answer().body()).isEqualTo("POST /post xyz");
        RawHttp.Answer made = client.answer();
        assertThat(made.body()).isEqualTo("{\"a\":1}");
        assertThat(made.head()).containsEntry("transfer-encoding", "chunked").containsKey("date");
        client.send(" HTTP/1.1\r\n\r\n");
        assertThat(client.answer().body()).isEqualTo("GET /b ");
    }

    @Test
    void headRequest_getsNoBody() throws IOException {
        start(PATIENT);
        RawHttp client =
                client().send("HEAD /made HTTP/1.1\r\n\r\n").send("HEAD /large HTTP/1.1\r\nConnection: close\r\n\r\n");
        assertThat(client.rest())
                .contains("chunked")
                .contains("content-length: 16777216")
                .endsWith("\r\n\r\n");
    }

    @Test
    void http10Client_getsNoChunks() throws IOException {
        start(PATIENT);
        assertThat(client().send("GET /made HTTP/1.0\r\n\r\n").rest())
                .doesNotContain("chunked")
                .endsWith("\r\n\r\n{\"a\":1}");
    }

    @Test
    void chunkedBody_isAcceptedAndTheConnectionEnds() throws IOException {
        start(PATIENT);
        String chunks = "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
        RawHttp client = client().send(post("Transfer-Encoding: chunked\r\n", chunks + get("/smuggled")));
        assertThat(client.answer().body()).isEqualTo("POST /post abc");
        assertThat(client.rest()).isEmpty();
    }

    @Test
    void clientWithExpectContinue_isAskedForItsBody() throws IOException {
        start(PATIENT);
        RawHttp client = client().send(post("Content-Length: 3\r\nExpect: 100-continue\r\n", ""));
        assertThat(client.answer().code()).isEqualTo(100);
        assertThat(client.send("abc").answer().body()).isEqualTo("POST /post abc");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\r\n\r\n",
                "GET / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
                "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                "GET / HTTP/1.1\r\n : b\r\n\r\n",
                "GET / HTTP/1.1\nHost: a\n\n",
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"
            })
    void invalidHttp_isAProblemAndTheConnectionEnds(String request) throws IOException {
        start(PATIENT);
        RawHttp client = client().send(request);
        RawHttp.Answer answer = client.answer();
        assertThat(answer.code()).isEqualTo(400);
        assertThat(answer.head())
                .containsEntry("content-type", "application/problem+json")
                .containsEntry("connection", "close");
        assertThat(answer.body()).contains("the request is not HTTP/1.1: ");
        assertThat(client.rest()).isEmpty();
    }

    @Test
    void headerOverItsLimit_isRejected() throws IOException {
        start(PATIENT);
        RawHttp long_ = client().send("GET / HTTP/1.1\r\nX: " + "x".repeat(16 << 10));
        assertThat(long_.answer().body()).contains("\"status\":431").contains("16 KiB");
        RawHttp many = client().send("GET / HTTP/1.1\r\n" + "a:b\r\n".repeat(200));
        assertThat(many.answer().body()).contains("\"status\":431").contains("128 lines");
        assertThat(refusals("http-header", "size")).isEqualTo(2);
        RawHttp good = client().send("GET / HTTP/1.1\r\nX: " + "x".repeat(16_000) + "\r\n\r\n");
        assertThat(good.answer().code()).isEqualTo(200);
    }

    @Test
    void bodyOverItsLimit_isRejectedBeforeItIsSent() throws IOException {
        start(PATIENT);
        RawHttp announced = client().send(post("Content-Length: 4194305\r\nExpect: 100-continue\r\n", ""));
        assertThat(announced.answer().body()).contains("body: too long (expected: at most 4 MiB)");
        assertThat(refusals("http-body", "size")).isOne();
    }

    @Test
    void lateRequest_isRefused() throws IOException {
        start(shortTimeouts);
        RawHttp header = client().send("GET / HT");
        RawHttp body = client().send(post("Content-Length: 3\r\n", "a"));
        RawHttp silent = client();
        assertThat(header.answer().body()).contains("\"status\":408").contains("header: not complete in time");
        assertThat(body.answer().body()).contains("\"status\":408").contains("body: not complete in time");
        assertThat(silent.rest()).isEmpty();
        assertThat(refusals("http-header", "time")).isOne();
        assertThat(refusals("http-body", "time")).isOne();
        awaitEmpty();
    }

    private void awaitEmpty() {
        Await.until(SOON, () -> "no connections", () -> server.connections.size() == 0);
        assertThat(server.connections.memory().used()).isZero();
    }

    @Test
    void unfinishedRequests_stayWithinTheirMemoryAndTheLargestEndFirst() throws IOException {
        start(PATIENT, 100, 100_000);
        RawHttp large = client().send(post("Content-Length: 90000\r\n", "x".repeat(60_000)));
        Await.until(SOON, () -> "the body", () -> server.connections.memory().used() > 60_000);
        for (int i = 0; i < 20; i++) {
            client().send("GET / HTTP/1.1\r\nX: " + "x".repeat(3_000));
        }
        Await.until(SOON, () -> "the largest is ended", () -> refusals("http-request-memory", "largest") == 1);
        assertThat(large.rest()).isEmpty();
        assertThat(server.connections.memory().used()).isLessThanOrEqualTo(100_000);
        assertThat(client().send(get("/small")).answer().code()).isEqualTo(200);
        // A request that is larger than all others ends none of them.
        assertThat(client().send(post("Content-Length: 99000\r\n", "x".repeat(99_000)))
                        .answer()
                        .body())
                .contains("\"status\":503");
        assertThat(refusals("http-request-memory", "full")).isOne();
    }

    @Test
    void connectionOverTheLimit_isServedOnlyHealth() throws IOException {
        start(PATIENT, 8, 1 << 20);
        for (int i = 0; i < 6; i++) {
            client().send(get("/held"));
        }
        Await.until(SOON, () -> "6 are answered", () -> server.connections.answering() == 6);
        RawHttp health = client().send(get("/health"));
        RawHttp.Answer answer = health.answer();
        assertThat(answer.code()).isEqualTo(200);
        assertThat(answer.head()).containsEntry("connection", "close");
        assertThat(client().send(get("/other")).answer().body()).contains("busy: too many connections from 127.0.0.1");
        assertThat(refusals("http-connections", "address")).isEqualTo(2);
        // Another address gets the remaining places.
        assertThat(client("127.0.0.2").send(get("/other")).answer().code()).isEqualTo(200);
    }

    @Test
    void connectionOverTheLimit_isReadForAShortTime() throws IOException {
        start(PATIENT, 4, 1 << 20);
        for (int i = 0; i < 3; i++) {
            client().send(get("/held"));
        }
        Await.until(SOON, () -> "3 are answered", () -> server.connections.answering() == 3);
        // Far less than the 10 seconds that others have, on a machine however slow: both are closed before the server
        // ends.
        assertThat(client().rest()).isEmpty();
        assertThat(client().send("GET /hea").rest()).isEmpty();
        assertThat(refusals("http-header", "time")).isOne();
    }

    @Test
    void connectionThatIsSilentForASecond_isClosedForANewOne() throws IOException {
        start(PATIENT, 4, 1 << 20);
        RawHttp first = client();
        client();
        client();
        while (client().send(get("/")).answer().code() != 200) {
            assertThat(refusals("http-connections", "replaced")).isZero();
        }
        assertThat(first.rest()).isEmpty();
        assertThat(refusals("http-connections", "replaced")).isOne();
    }

    @Test
    void newConnection_keepsItsPlaceUntilItCanSendARequest() throws IOException {
        start(new WriteTimeouts(Duration.ofHours(1)), 4, 1 << 20);
        RawHttp first = client();
        for (int i = 0; i < 20; i++) {
            client();
        }
        assertThat(first.send(get("/")).answer().code()).isEqualTo(200);
        assertThat(refusals("http-connections", "replaced")).isZero();
    }

    @Test
    void clientThatReadsNothing_isClosedAndItsAnswerSharesMemory() throws IOException {
        start(shortTimeouts);
        for (int i = 0; i < 20; i++) {
            client().send(get("/large"));
        }
        Await.until(SOON, () -> "all are closed", () -> shortTimeouts.givenUp() == 20);
        assertThat(refusals("http-answer-time", "stalled")).isEqualTo(20);
        awaitEmpty();
    }

    @Test
    void clientThatReadsItsAnswer_getsAllOfIt() throws IOException {
        start(PATIENT);
        assertThat(client().send(get("/large")).answer().body()).hasSize(16 << 20);
    }

    @Test
    void serverStop_closesAllConnections() throws IOException {
        start(PATIENT);
        List<RawHttp> silent = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            silent.add(client());
        }
        RawHttp asked = client().send(get("/"));
        assertThat(asked.answer().code()).isEqualTo(200);
        Await.until(SOON, () -> "all are accepted", () -> server.connections.size() == 6);
        server.connections.close();
        for (RawHttp client : silent) {
            assertThat(client.rest()).isEmpty();
        }
        assertThat(asked.rest()).isEmpty();
    }

    @Test
    void portInUse_isNamed() throws IOException {
        start(PATIENT);
        assertThatThrownBy(() -> new HttpConnections(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.connections.port()),
                        new HttpConnections.Service() {
                            @Override
                            public boolean isVital(String method, String target) {
                                return false;
                            }

                            @Override
                            public boolean takesBody(String method, String target) {
                                return false;
                            }

                            @Override
                            public void serve(Exchange exchange) {}
                        },
                        PATIENT,
                        server.anomalies,
                        1,
                        1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("in use");
    }
}
