// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.Arrays;

/**
 * The first handler of a connection. It passes one request at a time to the HTTP decoder. The decoder gets a header only when it
 * is complete, so an unfinished header takes its bytes and no objects. Bytes that arrive during an answer wait here. Reading stops
 * during an answer, so they are less than one read.
 */
final class RequestReader extends ChannelInboundHandlerAdapter {

    /** The longest header, in bytes: the request line and all fields. */
    static final int MAX_HEADER = 16 << 10;

    /** The most lines of a header. */
    static final int MAX_LINES = 128;

    /** The estimated memory of the objects that the decoder makes from a line. */
    static final int LINE_OBJECTS = 150;

    private static final int FIRST = 512;
    private static final byte[] NONE = {};

    /** The length of a body that ends with its last chunk. */
    static final long CHUNKED = -1;

    /** The part of a request that arrives next. */
    private enum ReadPhase {
        HEADER,
        BODY,
        /** A request is complete; further bytes belong to the next one. */
        ANSWER,
        DISCARD
    }

    private final HttpConnection connection;
    private ReadPhase phase = ReadPhase.HEADER;
    private byte[] header = NONE;
    private int filled;
    private int lines;

    /** The length of the current line without its end. */
    private int lineLength;

    private long bodyLeft;
    private byte[] next = NONE;

    RequestReader(HttpConnection connection) {
        this.connection = connection;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            take(ctx, in);
        } finally {
            in.release();
        }
    }

    private void take(ChannelHandlerContext ctx, ByteBuf in) {
        while (in.isReadable()) {
            switch (phase) {
                case HEADER -> header(ctx, in);
                case BODY -> body(ctx, in);
                case ANSWER -> {
                    int before = next.length;
                    next = Arrays.copyOf(next, before + in.readableBytes());
                    in.readBytes(next, before, next.length - before);
                    if (!connection.keep(next.length - before)) {
                        return;
                    }
                }
                case DISCARD -> in.skipBytes(in.readableBytes());
            }
        }
    }

    private void header(ChannelHandlerContext ctx, ByteBuf in) {
        while (in.isReadable()) {
            byte value = in.readByte();
            boolean lineEnd = value == '\n';
            if (filled == 0 && (lineEnd || value == '\r')) {
                continue; // empty lines before a request
            }
            if (!append(value)) {
                return;
            }
            if (!lineEnd) {
                lineLength += value == '\r' ? 0 : 1;
            } else if (lineLength > 0) {
                lineLength = 0;
                lines++;
            } else {
                endHeader(ctx);
                return;
            }
        }
    }

    private boolean append(byte value) {
        if (filled == MAX_HEADER || lines == MAX_LINES) {
            connection.refuseHeader();
            return false;
        }
        if (filled == header.length) {
            int more = filled == 0 ? FIRST : filled;
            if (filled == 0) {
                connection.beginHeader();
            }
            if (!connection.keep(more)) {
                return false;
            }
            header = Arrays.copyOf(header, filled + more);
        }
        header[filled++] = value;
        return true;
    }

    private void endHeader(ChannelHandlerContext ctx) {
        byte[] whole = header;
        int length = filled;
        clearHeader();
        connection.endHeader(whole.length, (long) length + (long) lines * LINE_OBJECTS);
        lines = 0;
        ctx.fireChannelRead(Unpooled.wrappedBuffer(whole, 0, length));
        if (phase == ReadPhase.HEADER) {
            connection.refuseMalformed("it has no request line");
        }
    }

    private void clearHeader() {
        header = NONE;
        filled = 0;
        lineLength = 0;
    }

    private void body(ChannelHandlerContext ctx, ByteBuf in) {
        int size = bodyLeft == CHUNKED ? in.readableBytes() : (int) Math.min(bodyLeft, in.readableBytes());
        if (bodyLeft != CHUNKED) {
            bodyLeft -= size;
        }
        ctx.fireChannelRead(in.readRetainedSlice(size));
    }

    /**
     * Reads a body next.
     *
     * @param length the length in bytes, or {@link #CHUNKED}
     */
    void expectBody(long length) {
        phase = ReadPhase.BODY;
        bodyLeft = length;
    }

    /** Keeps further bytes for the next request, because this one is complete. */
    void pause() {
        phase = ReadPhase.ANSWER;
    }

    /** Drops all further bytes. */
    void discard() {
        phase = ReadPhase.DISCARD;
        clearHeader();
        next = NONE;
    }

    /** Reads the next request after an answer. */
    void resume(ChannelHandlerContext ctx) {
        phase = ReadPhase.HEADER;
        byte[] waiting = next;
        next = NONE;
        take(ctx, Unpooled.wrappedBuffer(waiting));
    }
}
