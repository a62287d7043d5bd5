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
 * Sends the answers of a connection, a slice at a time, and knows how long the client has let the last slice wait. For the
 * network's thread and for one thread that makes the present answer.
 */
final class Sender {

    private static final int SLICE = 64 << 10;

    private final SocketChannel channel;
    private final Encoder encoder = new Encoder();

    // Of the present answer.
    private volatile boolean keepAlive;
    private volatile boolean chunks;
    private volatile boolean bounded;
    private volatile long begun;
    private final AtomicLong sent = new AtomicLong();

    /** Since when the client has to take a slice, in {@link System#nanoTime} made odd; 0 if none waits. */
    private volatile long waitingSince;

    /** Knows whether it answers a HEAD, whose answer has no body whatever its head says. */
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
     * A request is to be answered.
     *
     * @param keep whether the connection stays open after the answer
     * @param chunkable whether the client knows answers of unknown length
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

    boolean keepsAlive() {
        return keepAlive;
    }

    /**
     * Sends all of an answer. To be called on the network's thread.
     *
     * @param content released in the end
     * @param onSent called on the same thread if all is sent
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

    /** The slices share the content's memory. */
    private void sendRest(ByteBuf content, Runnable onSent) {
        boolean more = content.isReadable();
        HttpContent part = more
                ? new DefaultHttpContent(content.readRetainedSlice(Math.min(SLICE, content.readableBytes())))
                : LastHttpContent.EMPTY_LAST_CONTENT;
        write(part).addListener(written -> {
            taken();
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
     * Begins an answer whose length is not known. Its head is sent with the first part of the body.
     *
     * @param limited whether it must be taken within a time
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

    ByteBuf buffer(int first, int most) {
        return channel.alloc().directBuffer(first, most);
    }

    /** Sends a part of the answer. The next part is sent after {@link #taken()} only. */
    ChannelFuture write(HttpContent part) {
        sent.addAndGet(part.content().readableBytes());
        waitingSince = System.nanoTime() | 1;
        return channel.writeAndFlush(part);
    }

    /** The client has taken the last part. */
    void taken() {
        waitingSince = 0;
    }

    /** What may become of a client that has something to take. */
    enum Pace {
        GOOD,
        /** Others may get its place. */
        SLOW,
        /** It has taken nothing for too long. */
        STALLED,
        /** All of the answer has taken too long. */
        LATE
    }

    Pace pace(WriteTimeouts patience, long now) {
        long since = waitingSince;
        if (since == 0) {
            return Pace.GOOD;
        }
        long stalled = now - since;
        long total = bounded ? now - begun : 0;
        if (stalled > patience.limit().toNanos()) {
            return Pace.STALLED;
        } else if (total > patience.whole().toNanos()) {
            return Pace.LATE;
        }
        boolean slow = stalled > patience.stalled().toNanos() || patience.isSlow(total, sent.get());
        return slow ? Pace.SLOW : Pace.GOOD;
    }
}
