// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** Builds HTTP/2 frames as bytes, also invalid ones that no library would send. */
public final class Frames {

    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RESET = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;
    private static final int CANCEL = 8;

    /** The frame size that every peer accepts. */
    private static final int FRAME = 16_384;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);

    /** The client preface with SETTINGS_HEADER_TABLE_SIZE 0: the server's answers are then literals. */
    public Frames greet() {
        write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return settings();
    }

    public Frames settings() {
        return frame(SETTINGS, 0, 0, new byte[] {0, 1, 0, 0, 0, 0});
    }

    public Frames ping() {
        return frame(PING, 0, 0, new byte[8]);
    }

    /** Opens a stream with a gRPC call and sends none of its request. */
    public Frames call(int stream, String path) {
        ByteArrayOutputStream headers = new ByteArrayOutputStream();
        Map.of(
                        ":method", "POST",
                        ":scheme", "http",
                        ":path", path,
                        ":authority", "localhost",
                        "content-type", "application/grpc",
                        "te", "trailers")
                .entrySet()
                .stream()
                // Pseudo-headers come first.
                .sorted(Map.Entry.comparingByKey())
                .forEach(header -> {
                    headers.write(0); // a literal without indexing
                    text(headers, header.getKey());
                    text(headers, header.getValue());
                });
        return frame(HEADERS, END_HEADERS, stream, headers.toByteArray());
    }

    /** Returns a message with an announced length and the given bytes, in several frames if needed. The stream stays open. */
    public Frames message(int stream, int announced, byte[] sent) {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        data.write(0); // not compressed
        for (int shift = 24; shift >= 0; shift -= 8) {
            data.write(announced >> shift);
        }
        data.writeBytes(sent);
        byte[] all = data.toByteArray();
        for (int from = 0; from < all.length; from += FRAME) {
            frame(DATA, 0, stream, Arrays.copyOfRange(all, from, Math.min(all.length, from + FRAME)));
        }
        return this;
    }

    /** A piece of a message. */
    public Frames data(int stream, byte[] piece) {
        return frame(DATA, 0, stream, piece);
    }

    /** Ends the client's side of a stream. */
    public Frames end(int stream) {
        return frame(DATA, END_STREAM, stream, new byte[0]);
    }

    /** Cancels a stream. */
    public Frames reset(int stream) {
        return frame(RESET, 0, stream, new byte[] {0, 0, 0, CANCEL});
    }

    public byte[] toBytes() {
        return bytes.toByteArray();
    }

    private static void text(ByteArrayOutputStream to, String text) {
        to.write(text.length());
        to.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private Frames frame(int type, int flags, int stream, byte[] payload) {
        try {
            out.writeByte(payload.length >> 16);
            out.writeShort(payload.length & 0xffff);
            out.writeByte(type);
            out.writeByte(flags);
            out.writeInt(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // never, into an array
        }
        return write(payload);
    }

    private Frames write(byte[] more) {
        bytes.writeBytes(more);
        return this;
    }
}
