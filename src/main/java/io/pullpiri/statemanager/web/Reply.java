package io.pullpiri.statemanager.web;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * An answer to a request.
 *
 * @param headers beside Content-Type
 */
record Reply(int status, String contentType, Body body, Map<String, String> headers) {

    private static final int WORTH_COMPRESSING = 1_024;

    private static final Map<Integer, String> TITLES = Map.ofEntries(
            Map.entry(400, "Bad Request"),
            Map.entry(403, "Forbidden"),
            Map.entry(404, "Not Found"),
            Map.entry(405, "Method Not Allowed"),
            Map.entry(408, "Request Timeout"),
            Map.entry(409, "Conflict"),
            Map.entry(413, "Content Too Large"),
            Map.entry(415, "Unsupported Media Type"),
            Map.entry(422, "Unprocessable Content"),
            Map.entry(431, "Request Header Fields Too Large"),
            Map.entry(500, "Internal Server Error"),
            Map.entry(503, "Service Unavailable"),
            Map.entry(507, "Insufficient Storage"));

    private static final Map<String, String> SECURE = Map.of(
            "X-Content-Type-Options", "nosniff",
            "Referrer-Policy", "no-referrer",
            "Content-Security-Policy",
                    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'");

    /** What is sent. */
    sealed interface Body {

        /** Of this answer alone, so it must be small. */
        @SuppressWarnings("ArrayRecordComponent")
        record Bytes(byte[] bytes) implements Body {}

        /** The same memory for all answers. */
        record Shared(ByteBuf plain, ByteBuf compressed) implements Body {}

        /** Made piece by piece while it is sent, however long it is. */
        record Made(Making making) implements Body {}
    }

    /** Writes a body, and does not close: what is cut off must not look whole. */
    interface Making {
        void writeTo(OutputStream out) throws IOException;
    }

    static Reply json(Object value) {
        return new Reply(
                200,
                "application/json",
                new Body.Made(out -> Json.write(value, out)),
                Map.of("Cache-Control", "no-store"));
    }

    /** Of a value that fits into one send buffer: the thread that sends it never waits for the client. */
    static Reply smallJson(Object value) {
        return new Reply(
                200, "application/json", new Body.Bytes(Json.bytes(value)), Map.of("Cache-Control", "no-store"));
    }

    static Reply problem(int status, String detail, Map<String, String> headers) {
        Json.ProblemJson problem = new Json.ProblemJson(TITLES.getOrDefault(status, "Problem"), status, detail);
        return new Reply(status, "application/problem+json", new Body.Bytes(Json.bytes(problem)), headers);
    }

    /** What every answer says, this one or a stream. */
    static Exchange.Head head(int status, String contentType, Map<String, String> more) {
        Map<String, String> headers = new HashMap<>(SECURE);
        headers.put("Content-Type", contentType);
        headers.putAll(more);
        return new Exchange.Head(status, headers);
    }

    /** The head as it is without compression. */
    Exchange.Head head() {
        Exchange.Head head = head(status, contentType, headers);
        head.headers().put("Vary", "Accept-Encoding");
        return head;
    }

    /** The whole body of a problem. */
    ByteBuf content() {
        return switch (body) {
            case Body.Bytes(byte[] bytes) -> Unpooled.wrappedBuffer(bytes);
            case Body.Shared(ByteBuf plain, ByteBuf compressed) -> plain.retainedDuplicate();
            case Body.Made made -> throw new IllegalStateException("it is not made yet");
        };
    }

    /** @throws IOException if it could not be sent as a whole: then the connection is of no use any more */
    void send(Exchange exchange) throws IOException {
        Exchange.Head head = head();
        boolean gzip = takesGzip(exchange.header("Accept-Encoding"));
        switch (body) {
            case Body.Bytes(byte[] bytes) -> {
                boolean compress = gzip && bytes.length >= WORTH_COMPRESSING;
                exchange.send(
                        compress ? compressed(head) : head,
                        Unpooled.wrappedBuffer(compress ? Assets.compressed(bytes) : bytes));
            }
            case Body.Shared(ByteBuf plain, ByteBuf compressed) -> {
                boolean compress = gzip && plain.readableBytes() >= WORTH_COMPRESSING;
                exchange.send(compress ? compressed(head) : head, (compress ? compressed : plain).retainedDuplicate());
            }
            case Body.Made(Making making) -> send(exchange, gzip ? compressed(head) : head, gzip, making);
        }
    }

    private static void send(Exchange exchange, Exchange.Head head, boolean gzip, Making making) throws IOException {
        ResponseBody answer = exchange.begin(head);
        try {
            if (!exchange.isHead()) {
                fill(answer, gzip, making);
            }
            answer.close();
        } finally {
            answer.abort();
        }
    }

    private static void fill(ResponseBody answer, boolean gzip, Making making) throws IOException {
        if (!gzip) {
            making.writeTo(answer);
            return;
        }
        Packing packing = new Packing(answer);
        try {
            making.writeTo(packing);
            packing.finish();
        } finally {
            packing.end();
        }
    }

    /** Gives its memory, which is outside of the heap, back without an end of what it writes. */
    private static final class Packing extends GZIPOutputStream {

        Packing(OutputStream out) throws IOException {
            super(out, 4 << 10);
        }

        void end() {
            def.end();
        }
    }

    private static Exchange.Head compressed(Exchange.Head head) {
        head.headers().put("Content-Encoding", "gzip");
        return head;
    }

    private static boolean takesGzip(@Nullable String accepted) {
        return accepted != null && accepted.contains("gzip");
    }
}
