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

    /** So much is sent at a time: for a larger piece the server would make, and keep, a buffer of twice its size. */
    private static final int SLICE = 32 << 10;

    private static final Map<Integer, String> TITLES = Map.of(
            400, "Bad Request",
            403, "Forbidden",
            404, "Not Found",
            405, "Method Not Allowed",
            413, "Content Too Large",
            422, "Unprocessable Content",
            500, "Internal Server Error",
            503, "Service Unavailable",
            507, "Insufficient Storage");

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

    void send(HttpExchange exchange, Patience patience) throws IOException {
        Headers answer = exchange.getResponseHeaders();
        secure(answer);
        answer.set("Content-Type", contentType);
        headers.forEach(answer::set);
        boolean compress = body.length >= WORTH_COMPRESSING && takesGzip(exchange);
        byte[] sent = compress ? gzip(body) : body;
        if (compress) {
            answer.set("Content-Encoding", "gzip");
        }
        answer.set("Vary", "Accept-Encoding");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (head) {
            answer.set("Content-Length", Integer.toString(sent.length));
        }
        boolean empty = head || sent.length == 0;
        patience.send(() -> exchange.sendResponseHeaders(status, empty ? -1 : sent.length));
        if (!empty) {
            OutputStream out = exchange.getResponseBody();
            for (int from = 0; from < sent.length; from += SLICE) {
                int start = from;
                patience.send(() -> out.write(sent, start, Math.min(SLICE, sent.length - start)));
            }
            patience.send(out::close);
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
