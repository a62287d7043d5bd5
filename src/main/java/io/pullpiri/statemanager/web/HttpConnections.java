// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.Anomalies;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The HTTP port and all connections to it, on one thread. {@link AddressShares} divides the places for connections. A connection
 * over the limit is restricted: it is read for at most a second, and only requests for health or metrics are served. See
 * docs/decisions/0013.
 */
final class HttpConnections implements AutoCloseable {

    /** The most connections, without the restricted ones. */
    static final int MAX = 1_200;

    /** The most restricted connections. For another one, the oldest without a complete request is closed. */
    private static final int MAX_RESTRICTED = 512;

    /** The time for the request of a restricted connection. With the check every 200 ms, it is a second at most. */
    static final long MAX_RESTRICTED_NANOS = TimeUnit.MILLISECONDS.toNanos(800);

    private static final int SEND_BUFFER = 128 << 10;

    /** The queue of connections in the operating system. When it is full, clients retry only after seconds. */
    private static final int BACKLOG = 4_096;

    /** The connections that are accepted at once. There are fewer than {@link #MAX_RESTRICTED}, so each is read at least once. */
    private static final int ACCEPTED_AT_ONCE = 128;

    private final EventLoopGroup network =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("http", true), NioIoHandler.newFactory());
    private final AddressShares shares;
    private final RequestMemory memory;
    private final Service service;
    private final WriteTimeouts timeouts;
    private final Anomalies anomalies;
    private final Channel port;

    // Used on the HTTP thread only.
    private final Set<HttpConnection> open = new LinkedHashSet<>();
    private final Set<HttpConnection> restricted = new LinkedHashSet<>();

    private volatile int count;

    /** Serves complete requests. All methods are called on the HTTP thread and must not block. */
    interface Service {

        /** Returns whether a request is served on a restricted connection, too. */
        boolean isVital(String method, String target);

        /** Returns whether the body of a request is used. A body without use is not kept. */
        boolean takesBody(String method, String target);

        /** Passes a request to another thread, which answers it. */
        void serve(Exchange exchange);
    }

    /**
     * Opens the port.
     *
     * @param address the address and port to listen on
     * @param most the most connections, without the restricted ones
     * @param requestBytes the memory for requests that are not answered yet, in bytes
     * @throws IOException if the port cannot be opened
     */
    HttpConnections(
            InetSocketAddress address,
            Service service,
            WriteTimeouts timeouts,
            Anomalies anomalies,
            int most,
            long requestBytes)
            throws IOException {
        this.shares = new AddressShares(most);
        this.memory = new RequestMemory(requestBytes);
        this.service = service;
        this.timeouts = timeouts;
        this.anomalies = anomalies;
        ChannelFuture opening = new ServerBootstrap()
                .group(network)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new ServerChannelRecvByteBufAllocator().maxMessagesPerRead(ACCEPTED_AT_ONCE))
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(512, 2_048, 16_384))
                .childOption(ChannelOption.SO_SNDBUF, SEND_BUFFER)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        admit(channel);
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (!opening.isSuccess()) {
            Future<?> _ = network.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw new IOException(opening.cause().getMessage(), opening.cause());
        }
        port = opening.channel();
        long tick = timeouts.tick().toNanos();
        var _ = network.scheduleWithFixedDelay(this::checkTime, tick, tick, TimeUnit.NANOSECONDS);
    }

    private void admit(SocketChannel channel) {
        String address = AddressShares.addressOf(channel.remoteAddress());
        AddressShares.Admission admission = shares.tryAcquire(address, false, () -> {
            anomalies.refused(
                    "http-connections", "replaced", "a connection was closed for a new one (client: " + address + ")");
            ChannelFuture _ = channel.close();
        });
        HttpConnection connection =
                new HttpConnection(this, channel, address, admission instanceof AddressShares.NoPlace);
        switch (admission) {
            case AddressShares.Place place -> connection.own(place);
            case AddressShares.NoPlace refused -> {
                refused("http-connections", refused.reason().label(), "too many connections", connection);
                if (restricted.size() >= MAX_RESTRICTED && !closeOldestRestricted()) {
                    ChannelFuture _ = channel.close();
                    return;
                }
                restricted.add(connection);
            }
        }
        open.add(connection);
        count = open.size();
        channel.closeFuture().addListener(closed -> connection.release());
        connection.addTo(channel.pipeline());
    }

    private boolean closeOldestRestricted() {
        HttpConnection oldest = restricted.stream()
                .filter(connection -> !connection.isAnswering())
                .findFirst()
                .orElse(null);
        if (oldest != null) {
            oldest.close();
        }
        return oldest != null;
    }

    void remove(HttpConnection connection) {
        open.remove(connection);
        restricted.remove(connection);
        count = open.size();
    }

    private void checkTime() {
        long now = System.nanoTime();
        new ArrayList<>(open).forEach(connection -> connection.checkTime(now));
    }

    /**
     * Frees memory for a part of a request. It closes the connections with the largest requests, as long as they are larger than
     * the asking one would become.
     *
     * @return whether the part fits
     */
    boolean makeRoom(HttpConnection asking, long bytes) {
        while (!memory.hasRoomFor(bytes)) {
            HttpConnection largest = open.stream()
                    .max(Comparator.comparingLong(HttpConnection::requestBytes))
                    .orElse(null);
            if (largest == null || largest == asking || largest.requestBytes() <= asking.requestBytes() + bytes) {
                return false;
            }
            refused("http-request-memory", "largest", "a request was ended for smaller ones", largest);
            largest.close();
        }
        return true;
    }

    RequestMemory memory() {
        return memory;
    }

    Service service() {
        return service;
    }

    WriteTimeouts timeouts() {
        return timeouts;
    }

    void serve(Exchange exchange) {
        service.serve(exchange);
    }

    void refused(String limit, String reason, String what, HttpConnection connection) {
        anomalies.refused(limit, reason, what + " (client: " + connection.address() + ")");
    }

    int size() {
        return count;
    }

    int port() {
        return ((InetSocketAddress) port.localAddress()).getPort();
    }

    /** Closes the port, waits up to a second for the answers in progress, and closes all connections. Has no effect the second time. */
    @Override
    public void close() {
        if (network.isShuttingDown()) {
            return;
        }
        port.close().awaitUninterruptibly();
        awaitAnswers();
        // Shutting the thread down does not close all connections.
        network.submit(() -> new ArrayList<>(open).forEach(HttpConnection::close))
                .awaitUninterruptibly();
        network.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }

    private void awaitAnswers() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        try {
            while (answering() > 0 && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns the number of complete requests that are not answered yet. */
    long answering() {
        return network.submit(
                        () -> open.stream().filter(HttpConnection::isAnswering).count())
                .awaitUninterruptibly()
                .getNow();
    }
}
