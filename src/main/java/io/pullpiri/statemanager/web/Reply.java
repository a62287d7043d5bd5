package io.pullpiri.statemanager.web;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/**
 * An answer to a request.
 *
 * @param headers beside Content-Type
 */
@SuppressWarnings("ArrayRecordComponent") // made, sent and dropped
record Reply(int status, String contentType, byte[] body, Map<String, String> headers) {

    private static final int WORTH_COMPRESSING = 1_024;
    private static final Map<Integer, String> TITLES = Map.of(
            400, "Bad Request",
            403, "Forbidden",
            404, "Not Found",
            405, "Method Not Allowed",
            413, "Content Too Large",
            422, "Unprocessable Content",
            500, "Internal Server Error",
            503, "Service Unavailable");

    static Reply json(Object value) {
        return new Reply(200, "application/json", Json.bytes(value), Map.of("Cache-Control", "no-store"));
    }

    static Reply problem(int status, String detail, Map<String, String> headers) {
        Json.Problem problem = new Json.Problem(TITLES.getOrDefault(status, "Problem"), status, detail);
        return new Reply(status, "application/problem+json", Json.bytes(problem), headers);
    }

    /** What every answer says, this one or a stream. */
    static void secure(Headers headers) {
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set(
                "Content-Security-Policy",
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'");
    }

    void send(HttpExchange exchange) throws IOException {
        Headers answer = exchange.getResponseHeaders();
        secure(answer);
        answer.set("Content-Type", contentType);
        headers.forEach(answer::set);
        byte[] sent = body;
        if (body.length >= WORTH_COMPRESSING && takesGzip(exchange)) {
            sent = gzip(body);
            answer.set("Content-Encoding", "gzip");
        }
        answer.set("Vary", "Accept-Encoding");
        if (exchange.getRequestMethod().equals("HEAD")) {
            answer.set("Content-Length", Integer.toString(sent.length));
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, sent.length == 0 ? -1 : sent.length);
        if (sent.length > 0) {
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(sent);
            }
        }
    }

    private static boolean takesGzip(HttpExchange exchange) {
        String accepted = exchange.getRequestHeaders().getFirst("Accept-Encoding");
        return accepted != null && accepted.contains("gzip");
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream(bytes.length / 4);
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(bytes);
        }
        return packed.toByteArray();
    }
}
