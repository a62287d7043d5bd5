package io.pullpiri.statemanager.web;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/**
 * An answer to a request.
 *
 * @param headers beside Content-Type
 */
record Reply(int status, String contentType, Body body, Map<String, String> headers) {

    private static final int WORTH_COMPRESSING = 1_024;

    /** So much is sent at a time: for a larger piece the server would make, and keep, a buffer of twice its size. */
    private static final int SLICE = 32 << 10;

    private static final Map<Integer, String> TITLES = Map.ofEntries(
            Map.entry(400, "Bad Request"),
            Map.entry(403, "Forbidden"),
            Map.entry(404, "Not Found"),
            Map.entry(405, "Method Not Allowed"),
            Map.entry(409, "Conflict"),
            Map.entry(413, "Content Too Large"),
            Map.entry(415, "Unsupported Media Type"),
            Map.entry(422, "Unprocessable Content"),
            Map.entry(500, "Internal Server Error"),
            Map.entry(503, "Service Unavailable"),
            Map.entry(507, "Insufficient Storage"));

    /** What is sent. */
    interface Body {

        /** Closing is not its business: what is cut off must not look as if it were whole. */
        void writeTo(OutputStream out) throws IOException;

        /** In bytes; negative if nobody knows before it is written. */
        default int length() {
            return -1;
        }

        static Body of(byte[] bytes) {
            return new Body() {

                @Override
                public void writeTo(OutputStream out) throws IOException {
                    out.write(bytes);
                }

                @Override
                public int length() {
                    return bytes.length;
                }
            };
        }
    }

    /** Made piece by piece while it is sent, however long it is. */
    static Reply json(Object value) {
        return new Reply(200, "application/json", out -> Json.write(value, out), Map.of("Cache-Control", "no-store"));
    }

    static Reply problem(int status, String detail, Map<String, String> headers) {
        Json.Problem problem = new Json.Problem(TITLES.getOrDefault(status, "Problem"), status, detail);
        return new Reply(status, "application/problem+json", Body.of(Json.bytes(problem)), headers);
    }

    /** What every answer says, this one or a stream. */
    static void secure(Headers headers) {
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set(
                "Content-Security-Policy",
                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'");
    }

    /** @throws IOException if it could not be sent as a whole: then the connection is of no use any more */
    void send(HttpExchange exchange, Patience patience) throws IOException {
        Headers answer = exchange.getResponseHeaders();
        secure(answer);
        answer.set("Content-Type", contentType);
        headers.forEach(answer::set);
        int length = body.length();
        boolean compress = (length < 0 || length >= WORTH_COMPRESSING) && takesGzip(exchange);
        if (compress) {
            answer.set("Content-Encoding", "gzip");
        }
        answer.set("Vary", "Accept-Encoding");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (head && length >= 0 && !compress) {
            answer.set("Content-Length", Integer.toString(length));
        }
        boolean empty = head || length == 0;
        // The server's words for "no body" and "of unknown length".
        long announced = empty ? -1 : compress || length < 0 ? 0 : length;
        patience.send(() -> exchange.sendResponseHeaders(status, announced));
        if (!empty) {
            OutputStream plain = new BufferedOutputStream(new Sliced(exchange.getResponseBody(), patience), SLICE);
            OutputStream out = compress ? new GZIPOutputStream(plain) : plain;
            body.writeTo(out);
            out.close();
        }
    }

    private static boolean takesGzip(HttpExchange exchange) {
        String accepted = exchange.getRequestHeaders().getFirst("Accept-Encoding");
        return accepted != null && accepted.contains("gzip");
    }

    /** Sends in pieces, each of which, and all of which, a caller has to take in time. */
    private static final class Sliced extends OutputStream {

        private final OutputStream out;
        private final Patience patience;
        private final long begun = System.nanoTime();

        Sliced(OutputStream out, Patience patience) {
            this.out = out;
            this.patience = patience;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            for (int from = offset; from < offset + length; from += SLICE) {
                int start = from;
                patience.requireLeft(begun);
                patience.send(() -> out.write(bytes, start, Math.min(SLICE, offset + length - start)));
            }
        }

        @Override
        public void flush() throws IOException {
            patience.send(out::flush);
        }

        @Override
        public void close() throws IOException {
            patience.send(out::close);
        }
    }
}
