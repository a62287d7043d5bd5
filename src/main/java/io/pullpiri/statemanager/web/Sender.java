// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_LENGTH;
import static io.netty.handler.codec.http.HttpHeaderNames.DATE;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.DateFormatter;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.Date;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sends the answers of a connection, one slice at a time, and measures how long the last slice has waited for the client. Used by
 * the HTTP thread, and by the one thread that makes the current answer.
 */
final class Sender {

    private static final int SLICE = 64 << 10;

    private final SocketChannel channel;
    private final Encoder encoder = new Encoder();

    // The current answer.
    private volatile boolean keepAlive;
    private volatile boolean chunks;
    private volatile boolean bounded;
    private volatile long begun;
    private final AtomicLong sent = new AtomicLong();

    /** The time since which a slice waits for the client, as an odd {@link System#nanoTime}; 0 if none waits. */
    private volatile long waitingSince;

    /** Encodes answers. The answer to a HEAD request has no body, although its headers describe one. */
    private static final class Encoder extends HttpResponseEncoder {

        private volatile boolean headOnly;

        @Override
        protected boolean isContentAlwaysEmpty(HttpResponse response) {
            return headOnly || super.isContentAlwaysEmpty(response);
        }
    }

    Sender(SocketChannel channel) {
        this.channel = channel;
    }

    HttpResponseEncoder encoder() {
        return encoder;
    }

    /**
     * Prepares for the answer to a request.
     *
     * @param keep whether the connection stays open after the answer
     * @param headOnly whether the request is a HEAD
     * @param chunkable whether the client accepts an answer of unknown length
     */
    void expect(boolean keep, boolean headOnly, boolean chunkable) {
        keepAlive = keep;
        encoder.headOnly = headOnly;
        chunks = chunkable;
        waitingSince = 0;
        start(true);
    }

    private void start(boolean limited) {
        bounded = limited;
        sent.set(0);
        begun = System.nanoTime();
    }

    /** Returns whether the connection stays open after the answer. */
    boolean keepsAlive() {
        return keepAlive;
    }

    /**
     * Sends a whole answer. Called on the HTTP thread.
     *
     * @param content the body, which is released at the end
     * @param onSent called on the same thread after the whole answer was sent
     */
    void send(Exchange.Head head, ByteBuf content, Runnable onSent) {
        start(true);
        HttpResponse response = response(head);
        if (head.status() != HttpResponseStatus.NOT_MODIFIED.code()) {
            response.headers().set(CONTENT_LENGTH, content.readableBytes());
        }
        if (encoder.headOnly || head.status() == HttpResponseStatus.NOT_MODIFIED.code()) {
            content.skipBytes(content.readableBytes());
        }
        ChannelFuture _ = channel.write(response);
        sendRest(content, onSent);
    }

    /** Sends the rest of a body, slice by slice. The slices share its memory. */
    private void sendRest(ByteBuf content, Runnable onSent) {
        boolean more = content.isReadable();
        HttpContent part = more
                ? new DefaultHttpContent(content.readRetainedSlice(Math.min(SLICE, content.readableBytes())))
                : LastHttpContent.EMPTY_LAST_CONTENT;
        write(part).addListener(written -> {
            partRead();
            if (more && written.isSuccess()) {
                sendRest(content, onSent);
                return;
            }
            content.release();
            if (written.isSuccess()) {
                onSent.run();
            } else {
                ChannelFuture _ = channel.close();
            }
        });
    }

    @SuppressWarnings("JavaUtilDate") // the library's parameter
    private HttpResponse response(Exchange.Head head) {
        HttpResponse response =
                new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(head.status()));
        head.headers().forEach(response.headers()::set);
        response.headers().set(DATE, DateFormatter.format(new Date()));
        HttpUtil.setKeepAlive(response, keepAlive);
        return response;
    }

    /**
     * Begins an answer of unknown length. Its head is sent with the first part of the body.
     *
     * @param limited whether the client must read it within a time
     */
    void begin(Exchange.Head head, boolean limited) {
        if (!chunks || !limited) {
            keepAlive = false;
        }
        start(limited);
        HttpResponse response = response(head);
        if (chunks) {
            HttpUtil.setTransferEncodingChunked(response, true);
        }
        ChannelFuture _ = channel.write(response);
    }

    /** Returns a buffer for a part of a body. */
    ByteBuf buffer(int first, int most) {
        return channel.alloc().directBuffer(first, most);
    }

    /** Sends a part of the answer. The next part may be sent only after {@link #partRead()}. */
    ChannelFuture write(HttpContent part) {
        sent.addAndGet(part.content().readableBytes());
        waitingSince = System.nanoTime() | 1;
        return channel.writeAndFlush(part);
    }

    /** Notes that the client has read the last part. */
    void partRead() {
        waitingSince = 0;
    }

    /** How fast a client reads its answer. */
    enum Pace {
        GOOD,
        /** Another client can get its place. */
        SLOW,
        /** It has read nothing for too long and is closed. */
        STALLED,
        /** It needs too long for the whole answer and is closed. */
        LATE
    }

    /** Returns how fast the client reads. */
    Pace pace(WriteTimeouts timeouts, long now) {
        long since = waitingSince;
        if (since == 0) {
            return Pace.GOOD;
        }
        long stalled = now - since;
        long total = bounded ? now - begun : 0;
        if (stalled > timeouts.limit().toNanos()) {
            return Pace.STALLED;
        } else if (total > timeouts.whole().toNanos()) {
            return Pace.LATE;
        }
        boolean slow = stalled > timeouts.stalled().toNanos() || timeouts.isSlow(total, sent.get());
        return slow ? Pace.SLOW : Pace.GOOD;
    }
}
