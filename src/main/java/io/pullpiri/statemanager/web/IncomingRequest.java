// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The request that a connection receives or answers: its header, the pieces of its body, and the memory that it takes. Used on the
 * HTTP thread only.
 */
final class IncomingRequest {

    /** The longest body, in bytes. The longest gRPC message has the same limit. */
    static final int MAX_BODY = 4 << 20;

    /** The memory of an array and its place in a list, in addition to its bytes. */
    private static final int PIECE_OBJECT = 24;

    private final RequestMemory memory;
    private long memoryBytes;
    private @Nullable HttpRequest header;
    private boolean usesBody;
    private long bodyLength;
    private final List<byte[]> body = new ArrayList<>();

    /** @param memory the memory of all requests */
    IncomingRequest(RequestMemory memory) {
        this.memory = memory;
    }

    /** Returns the memory of the request, in bytes. */
    long memoryBytes() {
        return memoryBytes;
    }

    /** Counts memory of the request; negative bytes are returned. */
    void count(long bytes) {
        memoryBytes += bytes;
        memory.add(bytes);
    }

    /**
     * Starts the body, after a complete header.
     *
     * @param use whether the body is kept; a body without use is only measured
     */
    void begin(HttpRequest complete, boolean use) {
        header = complete;
        usesBody = use;
    }

    /** Measures the next piece of the body. Returns whether the body stays within its limit. */
    boolean measure(ByteBuf piece) {
        bodyLength += piece.readableBytes();
        return bodyLength <= MAX_BODY;
    }

    /** Returns the memory that a piece of the body takes; 0 for a piece that is not kept. */
    long bytesFor(ByteBuf piece) {
        return usesBody && piece.isReadable() ? piece.readableBytes() + PIECE_OBJECT : 0;
    }

    /** Takes a piece of the body, whose memory was counted. */
    void add(ByteBuf piece) {
        if (usesBody && piece.isReadable()) {
            byte[] bytes = new byte[piece.readableBytes()];
            piece.readBytes(bytes);
            body.add(bytes);
        }
    }

    /** Returns the header of the request, which has begun. */
    HttpRequest header() {
        return Objects.requireNonNull(header);
    }

    /** Returns the body in pieces. */
    List<byte[]> body() {
        return List.copyOf(body);
    }

    /** Drops the request and returns its memory. */
    void clear() {
        count(-memoryBytes);
        header = null;
        body.clear();
        bodyLength = 0;
    }
}
