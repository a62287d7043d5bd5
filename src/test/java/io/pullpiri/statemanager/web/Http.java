// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client of the HTTP port. */
final class Http implements AutoCloseable {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final String base;

    Http(int port) {
        base = "http://127.0.0.1:" + port;
    }

    /** @param headers names and values, alternating */
    HttpResponse<String> send(String method, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(Duration.ofSeconds(20))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            return client.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    HttpResponse<String> get(String path, String... headers) {
        return send("GET", path, "", headers);
    }

    JsonNode json(String path) {
        return json(get(path));
    }

    /** Returns the status of the answer to a request with this header Host. */
    static int statusAs(int port, String host) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                BufferedReader in =
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
            String request = "GET /api/v1/openapi.yaml HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            return Integer.parseInt(in.readLine().split(" ", -1)[1]);
        }
    }

    static JsonNode json(HttpResponse<String> response) {
        try {
            return MAPPER.readTree(response.body());
        } catch (IOException e) {
            throw new AssertionError(response.body(), e);
        }
    }

    /** An event. A field that it does not have is empty. */
    record ServerSentEvent(String id, String type, JsonNode data) {

        String of(String field) {
            return data.path(field).asText();
        }
    }

    /** A stream of events that is read continuously. */
    static final class Events implements AutoCloseable {

        private final BlockingQueue<ServerSentEvent> events = new LinkedBlockingQueue<>();
        private final InputStream body;

        private Events(InputStream body) {
            this.body = body;
            Thread _ = Thread.ofVirtual().start(this::read);
        }

        private void read() {
            try (BufferedReader in = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
                String id = "";
                String type = "";
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    if (line.startsWith("id: ")) {
                        id = line.substring(4);
                    } else if (line.startsWith("event: ")) {
                        type = line.substring(7);
                    } else if (line.startsWith("data: ")) {
                        events.add(new ServerSentEvent(id, type, MAPPER.readTree(line.substring(6))));
                        id = "";
                    }
                }
                events.add(new ServerSentEvent("", "end", MAPPER.createObjectNode()));
            } catch (IOException e) {
                events.add(new ServerSentEvent("", "broken", MAPPER.createObjectNode()));
            }
        }

        ServerSentEvent next() throws InterruptedException {
            ServerSentEvent event = events.poll(10, TimeUnit.SECONDS);
            if (event == null) {
                throw new AssertionError("no event within 10 s");
            }
            return event;
        }

        /** Returns the events up to and including the first one of a type. */
        List<ServerSentEvent> until(String type) throws InterruptedException {
            List<ServerSentEvent> found = new ArrayList<>();
            do {
                found.add(next());
            } while (!found.getLast().type().equals(type));
            return found;
        }

        @Override
        public void close() throws IOException {
            body.close();
        }
    }

    Events events(String query, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + "/api/v1/events" + query));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return new Events(
                client.send(request.build(), BodyHandlers.ofInputStream()).body());
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
