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
 * The port of HTTP and all connections to it, on one thread of their own. Each connection has a place among those of its
 * address. One over the limit is read for a second, and served only if it asks for health or metrics.
 */
final class HttpConnections implements AutoCloseable {

    static final int MAX = 1_200;

    /** Connections over the limit that are read at a time. For another one, the oldest that has not asked yet is closed. */
    private static final int MAX_RESTRICTED = 512;

    static final long MAX_RESTRICTED_NANOS = TimeUnit.MILLISECONDS.toNanos(800);
    private static final int SEND_BUFFER = 128 << 10;

    /** Connections that the system accepts before we do. When it is full, clients wait seconds before they try again. */
    private static final int BACKLOG = 4_096;

    /** Fewer than may be restricted: each is read once before another one can take its place. */
    private static final int ACCEPTED_AT_ONCE = 128;

    private final EventLoopGroup network =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("http", true), NioIoHandler.newFactory());
    private final AddressShares shares;
    private final RequestMemory memory;
    private final Service service;
    private final WriteTimeouts patience;
    private final Anomalies anomalies;
    private final Channel port;

    // For the network's thread.
    private final Set<HttpConnection> open = new LinkedHashSet<>();
    private final Set<HttpConnection> restricted = new LinkedHashSet<>();

    private volatile int count;

    /** What is served. Called on the network's thread: it must not wait. */
    interface Service {

        /** Whether it is answered over the limit of connections, too. */
        boolean isVital(String method, String target);

        /** Whether the body of such a request is of use. */
        boolean takesBody(String method, String target);

        /** Answers later, by another thread. */
        void serve(Exchange exchange);
    }

    /**
     * Opens the port.
     *
     * @param most connections at a time
     * @param requestBytes of memory for requests that are not answered yet
     * @throws IOException if the port cannot be opened
     */
    HttpConnections(
            InetSocketAddress address,
            Service service,
            WriteTimeouts patience,
            Anomalies anomalies,
            int most,
            long requestBytes)
            throws IOException {
        this.shares = new AddressShares(most);
        this.memory = new RequestMemory(requestBytes);
        this.service = service;
        this.patience = patience;
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
        long tick = patience.tick().toNanos();
        var _ = network.scheduleWithFixedDelay(this::look, tick, tick, TimeUnit.NANOSECONDS);
    }

    private void admit(SocketChannel channel) {
        String address = AddressShares.addressOf(channel.remoteAddress());
        AddressShares.Admission admission = shares.tryAcquire(address, false, () -> {
            anomalies.refused(
                    "http-connections", "replaced", "a connection made room for another (client: " + address + ")");
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

    private void look() {
        long now = System.nanoTime();
        new ArrayList<>(open).forEach(connection -> connection.look(now));
    }

    /**
     * Makes room for a part of a request: those that take the most memory are ended, but only those that take more than this
     * one would.
     */
    boolean makeRoom(HttpConnection asking, long bytes) {
        while (!memory.hasRoomFor(bytes)) {
            HttpConnection largest = open.stream()
                    .max(Comparator.comparingLong(HttpConnection::kept))
                    .orElse(null);
            if (largest == null || largest == asking || largest.kept() <= asking.kept() + bytes) {
                return false;
            }
            refused("http-request-memory", "largest", "a request made room for smaller ones", largest);
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

    WriteTimeouts patience() {
        return patience;
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

    /** Takes no new connections, gives answers under way a second, and closes all. Has no effect the second time. */
    @Override
    public void close() {
        if (network.isShuttingDown()) {
            return;
        }
        port.close().awaitUninterruptibly();
        awaitAnswers();
        // The end of the network's thread does not close all of them.
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

    /** How many requests are complete and not answered yet. */
    long answering() {
        return network.submit(
                        () -> open.stream().filter(HttpConnection::isAnswering).count())
                .awaitUninterruptibly()
                .getNow();
    }
}
