// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ListResourcesByStateResponse;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.testing.Await;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Lists of as many names as memory allows are answered, also while hostile clients do not read theirs. */
class HostileReadersTest extends HostileRig {

    private static final int HTTP_ANSWERS = 32;
    private static final String MODELS = "/api/v1/models";

    @Test
    void millionNames_areRejectedWhenMemoryIsFullAndCanBeListed() throws Exception {
        int known = fillMemory();
        listsAreAnsweredManyAtOnce(known);
        listsOverGrpcThatNobodyTakesAreGivenUp(known);
        listsOverHttpThatNobodyTakesMakeRoomForOthers(known);
    }

    /** @return the number of known models */
    private int fillMemory() {
        String refusal = null;
        int lists = 0;
        for (; refusal == null && lists < 1_000; lists++) {
            refusal = refusal(real("node-" + lists));
        }
        assertThat(lists).as(refusal).isGreaterThan(50);
        assertThat(refusal)
                .startsWith("RESOURCE_EXHAUSTED: memory: the states and artifacts that are known take all of");
        return (lists - 1) * 1_000;
    }

    private void listsAreAnsweredManyAtOnce(int known) throws Exception {
        List<Future<Long>> bodies = new ArrayList<>();
        List<Future<Integer>> messages = new ArrayList<>();
        // Closed in reverse order: first all tasks end.
        try (HttpClient http = HttpClient.newHttpClient();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < HTTP_ANSWERS; i++) {
                bodies.add(threads.submit(() -> bytes(http)));
            }
            for (int i = 0; i < 4; i++) {
                messages.add(threads.submit(this::listed));
            }
        }
        for (Future<Long> body : bodies) {
            assertThat(body.get()).isGreaterThan(known * 200L);
        }
        for (Future<Integer> message : messages) {
            assertThat(message.get()).isGreaterThanOrEqualTo(known);
        }
    }

    /** Returns the size of the list of all models over HTTP. Repeats a request that a busy server refuses. */
    private long bytes(HttpClient http) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.httpPort() + MODELS))
                .build();
        while (true) {
            HttpResponse<InputStream> response = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = response.body()) {
                long size = body.transferTo(OutputStream.nullOutputStream());
                if (response.statusCode() == 200) {
                    return size;
                }
            }
            assertThat(response.statusCode()).isEqualTo(503);
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    /** Returns how many models a list over gRPC names. Repeats a request that a busy server refuses. */
    private int listed() throws InterruptedException {
        while (true) {
            try {
                return models().size();
            } catch (StatusRuntimeException e) {
                assertThat(e.getStatus().getCode()).as(e.getMessage()).isEqualTo(Status.Code.UNAVAILABLE);
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    private void listsOverGrpcThatNobodyTakesAreGivenUp(int known) throws InterruptedException {
        ManagedChannel silent = channel();
        for (int i = 0; i < 30; i++) {
            askAndTakeNothing(silent);
        }
        Await.until(PATIENCE, () -> "too many unread answers: " + server.output(), this::isAnswerMemoryFull);
        // The silent client is still connected, and its answers are dropped.
        assertThat(listed()).isGreaterThanOrEqualTo(known);
        silent.shutdownNow();
    }

    private void askAndTakeNothing(ManagedChannel silent) {
        ClientCall<ListResourcesByStateRequest, ListResourcesByStateResponse> call =
                silent.newCall(StateManagerConnectionGrpc.getListResourcesByStateMethod(), CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        // A slow server refuses requests that wait too long.
                        if (!isAnswerMemoryFull() && !silent.isShutdown()) {
                            askAndTakeNothing(silent);
                        }
                    }
                },
                new Metadata());
        call.sendMessage(ALL_MODELS);
        call.halfClose(); // and never reads the answer
    }

    private boolean isAnswerMemoryFull() {
        return server.output().contains("unread answers take more than");
    }

    private void listsOverHttpThatNobodyTakesMakeRoomForOthers(int known) throws IOException, InterruptedException {
        for (int i = 0; i < HTTP_ANSWERS; i++) {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.httpPort());
            connections.add(socket);
            socket.getOutputStream()
                    .write(("GET " + MODELS + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
        }
        try (HttpClient http = HttpClient.newHttpClient()) {
            for (int i = 0; i < 3; i++) {
                assertThat(bytes(http)).isGreaterThan(known * 200L);
            }
            closeConnections();
        }
    }
}
