// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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
 * @param headers the headers in addition to Content-Type
 */
record Reply(int status, String contentType, Body body, Map<String, String> headers) {

    /** The size in bytes from which a body is compressed. */
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

    /** The body of an answer. */
    sealed interface Body {

        /** Bytes of this answer alone, which must be small. */
        @SuppressWarnings("ArrayRecordComponent")
        record Bytes(byte[] bytes) implements Body {}

        /** Memory that many answers share. */
        record Shared(ByteBuf plain, ByteBuf compressed) implements Body {}

        /** A body that is made while it is sent, so it can have any length. */
        record Streamed(BodyWriter writer) implements Body {}
    }

    /** Writes a body. It does not close the stream, because an incomplete answer must not look complete. */
    interface BodyWriter {
        void writeTo(OutputStream out) throws IOException;
    }

    /** Returns an answer with a value of any size, which is written while it is sent. */
    static Reply json(Object value) {
        return new Reply(
                200,
                "application/json",
                new Body.Streamed(out -> Json.write(value, out)),
                Map.of("Cache-Control", "no-store"));
    }

    /** Returns an answer with a small value. The sending thread does not wait for the client. */
    static Reply smallJson(Object value) {
        return new Reply(
                200, "application/json", new Body.Bytes(Json.bytes(value)), Map.of("Cache-Control", "no-store"));
    }

    /** Returns a problem in the form of RFC 9457. */
    static Reply problem(int status, String detail, Map<String, String> headers) {
        Json.ProblemJson problem = new Json.ProblemJson(TITLES.getOrDefault(status, "Problem"), status, detail);
        return new Reply(status, "application/problem+json", new Body.Bytes(Json.bytes(problem)), headers);
    }

    /** Returns the head of any answer, with the headers for security. */
    static Exchange.Head head(int status, String contentType, Map<String, String> more) {
        Map<String, String> headers = new HashMap<>(SECURE);
        headers.put("Content-Type", contentType);
        headers.putAll(more);
        return new Exchange.Head(status, headers);
    }

    /** Returns the head of the uncompressed answer. */
    Exchange.Head head() {
        Exchange.Head head = head(status, contentType, headers);
        head.headers().put("Vary", "Accept-Encoding");
        return head;
    }

    /** Returns the whole body of an answer that is not made while it is sent. */
    ByteBuf content() {
        return switch (body) {
            case Body.Bytes(byte[] bytes) -> Unpooled.wrappedBuffer(bytes);
            case Body.Shared(ByteBuf plain, ByteBuf compressed) -> plain.retainedDuplicate();
            case Body.Streamed streamed -> throw new IllegalStateException("the body is made while it is sent");
        };
    }

    /**
     * Sends the answer, compressed if the client accepts it.
     *
     * @throws IOException if the answer was not sent completely; the caller then cuts the connection
     */
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
            case Body.Streamed(BodyWriter writer) -> send(exchange, gzip ? compressed(head) : head, gzip, writer);
        }
    }

    private static void send(Exchange exchange, Exchange.Head head, boolean gzip, BodyWriter writer)
            throws IOException {
        ResponseBody answer = exchange.begin(head);
        try {
            if (!exchange.isHead()) {
                fill(answer, gzip, writer);
            }
            answer.close();
        } finally {
            answer.abort();
        }
    }

    private static void fill(ResponseBody answer, boolean gzip, BodyWriter writer) throws IOException {
        if (!gzip) {
            writer.writeTo(answer);
            return;
        }
        GzipBody gzipBody = new GzipBody(answer);
        try {
            writer.writeTo(gzipBody);
            gzipBody.finish();
        } finally {
            gzipBody.end();
        }
    }

    /** A gzip stream whose native memory can be freed without writing the end of the stream. */
    private static final class GzipBody extends GZIPOutputStream {

        GzipBody(OutputStream out) throws IOException {
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
