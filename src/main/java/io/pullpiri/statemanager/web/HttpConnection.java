// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.pullpiri.statemanager.limits.AddressShares;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a client. It collects a request, passes the complete request on, and sends the answer. It runs on the HTTP
 * thread; only {@link Exchange} and {@link ResponseBody} call it from other threads. {@link #checkTime} enforces all timeouts.
 */
final class HttpConnection extends SimpleChannelInboundHandler<HttpObject> {

    private static final Logger LOG = LoggerFactory.getLogger(HttpConnection.class);

    /** The time for the rest of a refused request, during which the client can read the answer. */
    private static final long MAX_LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** The part of an exchange that is in progress. */
    private enum ConnectionPhase {
        IDLE,
        HEADER,
        BODY,
        ANSWER,
        /** The answer was sent early. The rest of the request is discarded, so that the client reads the answer. */
        LINGER
    }

    private final HttpConnections all;
    private final SocketChannel channel;
    private final String address;
    private final boolean restricted;
    private final long opened = System.nanoTime();
    private final RequestReader reader = new RequestReader(this);
    private final Sender sender;

    private final IncomingRequest request;
    private ConnectionPhase phase = ConnectionPhase.IDLE;
    private long deadline;

    // The answer to the request.
    private boolean keepAlive;
    private boolean linger;
    private volatile AddressShares.@Nullable Place answerPlace;

    private AddressShares.@Nullable Place connectionPlace;

    /** @param restricted whether the connection is over the limit: only a prompt request for health or metrics is answered */
    HttpConnection(HttpConnections all, SocketChannel channel, String address, boolean restricted) {
        this.all = all;
        this.channel = channel;
        this.sender = new Sender(channel);
        this.request = new IncomingRequest(all.memory());
        this.address = address;
        this.restricted = restricted;
        this.deadline = restricted
                ? System.nanoTime() + HttpConnections.MAX_RESTRICTED_NANOS
                : System.nanoTime() + all.timeouts().request().toNanos();
    }

    /** Installs the handlers of the connection. */
    void addTo(ChannelPipeline pipeline) {
        HttpDecoderConfig config = new HttpDecoderConfig()
                .setMaxInitialLineLength(RequestReader.MAX_HEADER)
                .setMaxHeaderSize(RequestReader.MAX_HEADER)
                .setInitialBufferSize(512);
        pipeline.addLast(reader, new HttpRequestDecoder(config), sender.encoder(), this);
    }

    /** Takes the place of the connection, which {@link #release} gives back. */
    void own(AddressShares.Place place) {
        connectionPlace = place;
    }

    String address() {
        return address;
    }

    /** Returns whether a complete request is being answered. */
    boolean isAnswering() {
        return phase == ConnectionPhase.ANSWER;
    }

    /** Returns the memory of the request, in bytes. */
    long requestBytes() {
        return request.memoryBytes();
    }

    boolean isOpen() {
        return channel.isActive();
    }

    void close() {
        ChannelFuture _ = channel.close();
    }

    // The request

    /** Starts a header: its first byte was received. */
    void beginHeader() {
        phase = ConnectionPhase.HEADER;
        if (!restricted) {
            deadline = System.nanoTime() + all.timeouts().request().toNanos();
        }
    }

    /** Counts memory of the request. Refuses the request and returns false if there is none left. */
    boolean keep(long bytes) {
        if (!all.makeRoom(this, bytes)) {
            all.refused("http-request-memory", "full", "a request was refused", this);
            if (phase == ConnectionPhase.ANSWER) {
                close();
            } else {
                refuse(503, "busy: requests that are not answered yet take all memory for requests");
            }
            return false;
        }
        request.count(bytes);
        return true;
    }

    /**
     * Counts the decoded header instead of its bytes.
     *
     * @param before the memory of the bytes
     * @param now the memory of the objects
     */
    void endHeader(long before, long now) {
        request.count(now - before);
    }

    /** Refuses a header that is too long. */
    void refuseHeader() {
        String refusal = "header: too long (expected: at most %d KiB and %d lines)"
                .formatted(RequestReader.MAX_HEADER >> 10, RequestReader.MAX_LINES);
        all.refused("http-header", "size", refusal, this);
        refuse(431, refusal);
    }

    /** Refuses a request that is not HTTP. */
    void refuseMalformed(String why) {
        refuse(400, "the request is not HTTP/1.1: " + why);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
        if (message instanceof HttpRequest begins && (phase == ConnectionPhase.HEADER)) {
            begin(begins);
        }
        if (message instanceof HttpContent content && phase == ConnectionPhase.BODY) {
            take(content);
        }
    }

    private void begin(HttpRequest begins) {
        if (begins.decoderResult().isFailure()) {
            refuseMalformed(String.valueOf(begins.decoderResult().cause().getMessage()));
            return;
        }
        if (restricted && !all.service().isVital(begins.method().name(), begins.uri())) {
            refuse(503, "busy: too many connections from " + address + ", or in total");
            return;
        }
        boolean chunked = HttpUtil.isTransferEncodingChunked(begins);
        long length = chunked ? RequestReader.CHUNKED : HttpUtil.getContentLength(begins, 0L);
        // Bytes after the last chunk stay in the decoder, so the connection cannot be used again.
        keepAlive = HttpUtil.isKeepAlive(begins) && !chunked && !restricted;
        if (length > IncomingRequest.MAX_BODY) {
            refuseBody();
            return;
        }
        phase = ConnectionPhase.BODY;
        request.begin(begins, all.service().takesBody(begins.method().name(), begins.uri()));
        if (length != 0) {
            if (!restricted) {
                deadline = System.nanoTime() + all.timeouts().request().toNanos();
            }
            reader.expectBody(length);
            if (HttpUtil.is100ContinueExpected(begins)) {
                ByteBuf goOn = Unpooled.copiedBuffer("HTTP/1.1 100 Continue\r\n\r\n", StandardCharsets.US_ASCII);
                ChannelFuture _ = channel.pipeline().context(reader).writeAndFlush(goOn);
            }
        }
    }

    private void refuseBody() {
        String refusal = "body: too long (expected: at most " + (IncomingRequest.MAX_BODY >> 20) + " MiB)";
        all.refused("http-body", "size", refusal, this);
        refuse(413, refusal);
    }

    private void take(HttpContent content) {
        if (content.decoderResult().isFailure()) {
            refuseMalformed(String.valueOf(content.decoderResult().cause().getMessage()));
            return;
        }
        ByteBuf piece = content.content();
        if (!request.measure(piece)) {
            refuseBody();
            return;
        }
        long bytes = request.bytesFor(piece);
        if (bytes > 0 && !keep(bytes)) {
            return;
        }
        request.add(piece);
        if (content instanceof LastHttpContent) {
            complete(request.header());
        }
    }

    private void complete(HttpRequest whole) {
        boolean chunkable = whole.protocolVersion().isKeepAliveDefault();
        expectAnswer(whole.method().name().equals("HEAD"), chunkable);
        Exchange exchange = new Exchange(this, whole.method().name(), whole.uri(), whole.headers(), request.body());
        all.serve(exchange);
    }

    private void expectAnswer(boolean headOnly, boolean chunkable) {
        phase = ConnectionPhase.ANSWER;
        sender.expect(keepAlive, headOnly, chunkable);
        reader.pause();
        channel.config().setAutoRead(false);
        setReusable(false);
    }

    /** Answers before the whole request has arrived, and closes the connection. */
    private void refuse(int status, String detail) {
        keepAlive = false;
        linger = true;
        expectAnswer(false, true);
        reader.discard();
        Reply reply = Reply.problem(status, detail, Map.of());
        sender.send(reply.head(), reply.content(), this::finish);
    }

    // The answer

    /** Sends a whole answer. Any thread may call it. */
    void send(Exchange.Head head, ByteBuf content) {
        if (channel.eventLoop().inEventLoop()) {
            sender.send(head, content, this::finish);
        } else {
            channel.eventLoop().execute(() -> sender.send(head, content, this::finish));
        }
    }

    /**
     * Begins an answer of unknown length.
     *
     * @param limited whether the client must read it within a time
     */
    ResponseBody begin(Exchange.Head head, boolean limited) {
        sender.begin(head, limited);
        if (!limited) {
            // Reading shows at once that the client has closed the connection.
            channel.eventLoop().execute(this::watchClient);
        }
        return new ResponseBody(sender, this::endAnswer);
    }

    private void watchClient() {
        reader.discard();
        channel.config().setAutoRead(true);
    }

    /** Ends an answer that was sent. */
    private void endAnswer() {
        channel.eventLoop().execute(this::finish);
    }

    /** Takes the place of the answer, which its holder releases. */
    void hold(AddressShares.Place place) {
        answerPlace = place;
        place.setReusable(false);
    }

    private void finish() {
        if (phase != ConnectionPhase.ANSWER) {
            return;
        }
        forget();
        if (sender.keepsAlive()) {
            phase = ConnectionPhase.IDLE;
            deadline = System.nanoTime() + all.timeouts().limit().toNanos();
            setReusable(true);
            channel.eventLoop().execute(this::resume);
        } else if (linger) {
            phase = ConnectionPhase.LINGER;
            deadline = System.nanoTime() + MAX_LINGER_NANOS;
            setReusable(true);
            ChannelFuture _ = channel.shutdownOutput();
            channel.config().setAutoRead(true);
        } else {
            close();
        }
    }

    /** Reads the next request, beginning with the bytes that arrived during the answer. */
    private void resume() {
        ChannelHandlerContext context = channel.pipeline().context(reader);
        if (context != null) {
            reader.resume(context);
            channel.config().setAutoRead(phase != ConnectionPhase.ANSWER);
        }
    }

    private void setReusable(boolean reusable) {
        AddressShares.Place connection = connectionPlace;
        if (connection != null) {
            connection.setReusable(reusable);
        }
        AddressShares.Place answer = answerPlace;
        if (answer != null) {
            answer.setReusable(reusable);
        }
    }

    /** Drops the request and returns its memory. */
    private void forget() {
        request.clear();
        answerPlace = null;
    }

    // Timeouts

    /** Enforces the timeouts; called every {@link WriteTimeouts#tick()}. */
    void checkTime(long now) {
        switch (phase) {
            case IDLE, LINGER -> {
                offerPlace(now);
                if (now - deadline > 0) {
                    close();
                }
            }
            case HEADER -> checkRequest(now, "header");
            case BODY -> checkRequest(now, "body");
            case ANSWER -> checkAnswer(now);
        }
    }

    /** Lets another client get the place, but not at once: a new client must have time for a request. */
    private void offerPlace(long now) {
        if (now - opened > all.timeouts().stalled().toNanos()) {
            setReusable(true);
        }
    }

    private void checkRequest(long now, String part) {
        offerPlace(now);
        if (now - deadline <= 0) {
            return;
        }
        String refusal = part + ": not complete in time";
        all.refused("http-" + part, "time", refusal, this);
        if (restricted) {
            close();
        } else {
            refuse(
                    408,
                    refusal + " (expected: within " + all.timeouts().request().toMillis() + " ms)");
        }
    }

    private void checkAnswer(long now) {
        Sender.Pace pace = sender.pace(all.timeouts(), now);
        switch (pace) {
            case GOOD -> setReusable(false);
            case SLOW -> setReusable(true);
            case STALLED, LATE -> {
                String reason = pace.name().toLowerCase(Locale.ROOT);
                all.refused("http-answer-time", reason, "an answer was not read in time", this);
                all.timeouts().countGivenUp();
                close();
            }
        }
    }

    /** Returns all that the connection holds, after it was closed. */
    void release() {
        AddressShares.Place place = connectionPlace;
        if (place != null) {
            place.release();
        }
        forget();
        all.remove(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("the connection of {} ends: {}", address, cause.toString());
        close();
    }
}
