// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer of unknown length. It sends one slice at a time and blocks until the client has read it, so a slow client
 * takes the memory of one slice. Not thread-safe. {@link HttpConnection} closes a client that is too slow.
 */
final class ResponseBody extends OutputStream {

    private static final int FIRST = 1 << 10;
    private static final int SLICE = 16 << 10;

    private final Sender sender;
    private final Runnable onEnd;
    private @Nullable ByteBuf slice;

    /** @param onEnd called after the whole answer was sent */
    ResponseBody(Sender sender, Runnable onEnd) {
        this.sender = sender;
        this.onEnd = onEnd;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int from = offset;
        int end = offset + length;
        while (from < end) {
            ByteBuf buffer = slice;
            if (buffer == null) {
                buffer = sender.buffer(FIRST, SLICE);
                slice = buffer;
            }
            int some = Math.min(end - from, buffer.maxWritableBytes());
            buffer.writeBytes(bytes, from, some);
            from += some;
            if (buffer.maxWritableBytes() == 0) {
                flush();
            }
        }
    }

    @Override
    public void flush() throws IOException {
        ByteBuf full = slice;
        slice = null;
        if (full != null) {
            await(sender.write(new DefaultHttpContent(full)));
        }
    }

    /** Ends the answer, which is whole. */
    @Override
    public void close() throws IOException {
        flush();
        await(sender.write(LastHttpContent.EMPTY_LAST_CONTENT));
        onEnd.run();
    }

    /** Drops the unsent bytes. Has no effect after {@link #close()}. */
    void abort() {
        ByteBuf left = slice;
        slice = null;
        if (left != null) {
            left.release();
        }
    }

    private void await(ChannelFuture sent) throws IOException {
        try {
            sent.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the server is stopping");
        }
        sender.partRead();
        if (!sent.isSuccess()) {
            throw new IOException("the client has closed the connection or was too slow", sent.cause());
        }
    }
}
