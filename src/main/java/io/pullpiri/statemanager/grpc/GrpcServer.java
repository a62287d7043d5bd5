// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.BindableService;
import io.grpc.Codec;
import io.grpc.DecompressorRegistry;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.pullpiri.proto.schedinfo.v1.FaultServiceGrpc;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.grpc.limits.CallMemoryLimiter;
import io.pullpiri.statemanager.grpc.limits.CappedServerChannel;
import io.pullpiri.statemanager.grpc.limits.Connections;
import io.pullpiri.statemanager.grpc.limits.InheritedServerChannel;
import io.pullpiri.statemanager.manager.Anomalies;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.Offloader;
import io.pullpiri.statemanager.manager.Reconciler;
import io.pullpiri.statemanager.net.PortBinding;
import io.pullpiri.statemanager.view.NodeEntry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The two gRPC ports: one for Pullpiri's components and the command line, and one for Timpani. */
// [impl->req~wire-size~1]
public final class GrpcServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(GrpcServer.class);

    // Bounds for hostile clients; see docs/decisions/0011.
    private static final int MAX_CALLS_OF_A_CONNECTION = 200;
    private static final int MAX_RESETS_A_SECOND = 400;
    private static final double HEAP_FOR_REQUESTS = 0.12;
    private static final double HEAP_FOR_ANSWERS = 0.04;
    private static final double HEAP_FOR_LISTS_OF_KNOWN_NODES = 0.06;

    /** The bytes that are read from one connection before they are handled and the next connection is read. */
    private static final int READ = 32 << 10;

    /** The time for a handshake, and for a request to arrive. */
    private static final Duration SLOWEST = Duration.ofSeconds(10);

    /** Refuses compression, because a few bytes can expand to gigabytes. Pullpiri's components do not compress. */
    private static final DecompressorRegistry UNCOMPRESSED =
            DecompressorRegistry.emptyInstance().with(Codec.Identity.NONE, false);

    private static final long DRAIN_SECONDS = 3;

    /**
     * Where the server listens.
     *
     * @param host the address to listen on
     * @param port the port for Pullpiri and the command line; 0 for any free one
     * @param faultPort the port for Timpani; 0 for any free one, null for none
     * @param inherited the listening socket for Pullpiri and the command line, used instead of {@code host} and {@code port}; null
     *     opens one
     */
    public record Addresses(
            String host,
            int port,
            @Nullable Integer faultPort,
            @Nullable ServerSocketChannel inherited) {}

    private @Nullable Subscriptions subscriptions;
    private final HealthStatusManager health = new HealthStatusManager();
    private final List<Server> servers = new ArrayList<>();
    private @Nullable InheritedServerChannel inherited;
    private final EventLoopGroup network;
    private final Anomalies anomalies;
    private final Connections connections;
    private final CallMemoryLimiter memoryLimiter;

    private GrpcServer(EventLoopGroup network, Manager manager) {
        this.network = network;
        this.anomalies = manager.anomalies();
        this.connections = new Connections(anomalies);
        long heap = Runtime.getRuntime().maxMemory();
        this.memoryLimiter = new CallMemoryLimiter(
                network.next(),
                SLOWEST,
                (long) (heap * HEAP_FOR_REQUESTS),
                (long) (heap * HEAP_FOR_LISTS_OF_KNOWN_NODES),
                (long) (heap * HEAP_FOR_ANSWERS),
                connections,
                node -> isKnown(manager, node),
                anomalies);
    }

    private static boolean isKnown(Manager manager, String node) {
        NodeEntry entry = manager.view().nodes().get(node);
        return entry != null && entry.isKnown();
    }

    /**
     * Opens the ports.
     *
     * @param protobufNames whether answers name states as {@code PACKAGE_STATE_RUNNING}
     * @param network the threads that serve the connections
     * @throws IOException if a port cannot be opened; the message names the setting and the reason
     */
    public static GrpcServer start(
            Addresses addresses,
            Manager manager,
            Reconciler reconciler,
            Offloader offloader,
            boolean protobufNames,
            EventLoopGroup network)
            throws IOException {
        GrpcServer server = new GrpcServer(network, manager);
        String host = addresses.host();
        Integer faultPort = addresses.faultPort();
        try {
            StateNames names = new StateNames(protobufNames);
            Resources resources = new Resources(manager.feed(), reconciler, names);
            server.subscriptions = new Subscriptions(manager, new EventMessages(names));
            BindableService health = () -> ServerInterceptors.intercept(
                    server.health.getHealthService(), new UnavailabilityHeader(manager::whyNotReady));
            Queries queries = new Queries(manager, server.memoryLimiter);
            BindableService[] services = {
                new StateManagerService(manager, new Offloading(offloader), resources, server.subscriptions, queries),
                new ArtifactsService(manager),
                new NodesService(manager, queries),
                new PackagesService(manager),
                new MirrorService(manager.mirror()),
                health,
                ProtoReflectionServiceV1.newInstance()
            };
            server.openMain(addresses, services);
            if (faultPort != null) {
                FaultReceiver faults = new FaultReceiver(manager);
                server.open(host, faultPort, "fault-port", () -> {
                    NettyServerBuilder builder = server.builder(host, faultPort, faults, health);
                    return coversLoopback(host) || faultPort == 0
                            ? builder
                            // Timpani calls loopback, whatever address Pullpiri's components listen on.
                            : builder.addListenAddress(
                                    new InetSocketAddress(InetAddress.getLoopbackAddress(), faultPort));
                });
            }
        } catch (IOException e) {
            server.close();
            throw e;
        }
        manager.onReadiness(server::setServing);
        return server;
    }

    /** Returns whether a port of this host is a port of 127.0.0.1, too. */
    private static boolean coversLoopback(String host) {
        InetAddress address = new InetSocketAddress(host, 0).getAddress();
        return address == null || address.isAnyLocalAddress() || address.equals(InetAddress.getLoopbackAddress());
    }

    private void openMain(Addresses addresses, BindableService... services) throws IOException {
        String host = addresses.host();
        ServerSocketChannel socket = addresses.inherited();
        if (socket == null) {
            open(host, addresses.port(), "port", () -> builder(host, addresses.port(), services));
            return;
        }
        InheritedServerChannel channel = new InheritedServerChannel(socket, connections, anomalies);
        inherited = channel;
        servers.add(builder(host, addresses.port(), services)
                .channelFactory(() -> channel)
                .build()
                .start());
    }

    private void open(String host, int port, String setting, Supplier<NettyServerBuilder> builder) throws IOException {
        servers.add(PortBinding.open(
                host, port, setting, () -> builder.get().build().start()));
    }

    /** Prepares one port. Its handlers do not block, so they run on the network thread. */
    private NettyServerBuilder builder(String host, int port, BindableService... services) {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
                .bossEventLoopGroup(network)
                .workerEventLoopGroup(network)
                .channelFactory(() -> new CappedServerChannel(connections, anomalies))
                .withChildOption(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new AdaptiveRecvByteBufAllocator(512, 4 << 10, READ).maxMessagesPerRead(1))
                .directExecutor()
                .addStreamTracerFactory(memoryLimiter)
                .intercept(new PeerAddress())
                .decompressorRegistry(UNCOMPRESSED)
                .handshakeTimeout(SLOWEST.toSeconds(), TimeUnit.SECONDS)
                .maxConcurrentCallsPerConnection(MAX_CALLS_OF_A_CONNECTION)
                .maxRstFramesPerWindow(MAX_RESETS_A_SECOND, 1)
                .maxInboundMessageSize(CallMemoryLimiter.MAX_MESSAGE)
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .keepAliveTime(60, TimeUnit.SECONDS)
                .keepAliveTimeout(10, TimeUnit.SECONDS);
        for (BindableService service : services) {
            builder.addService(memoryLimiter.before(service));
        }
        return builder;
    }

    private void setServing(boolean ready) {
        ServingStatus status = ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
        health.setStatus(StateManagerConnectionGrpc.SERVICE_NAME, status);
        health.setStatus(FaultServiceGrpc.SERVICE_NAME, status);
    }

    /** Returns the port for Pullpiri and the command line. */
    public int port() {
        return servers.getFirst().getPort();
    }

    /** Returns the port for Timpani; -1 if there is none. */
    public int faultPort() {
        return servers.size() < 2 ? -1 : servers.getLast().getPort();
    }

    private static void awaitDrain(CompletableFuture<Void> drained) throws InterruptedException {
        try {
            drained.get(DRAIN_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("new connections are closed before their first request", e);
        }
    }

    /**
     * Refuses new calls, waits up to 3 s for each port's open calls to end, and closes the ports. Before that, connections from
     * an inherited socket have up to a second for their first request.
     */
    @Override
    public void close() {
        health.enterTerminalState();
        if (subscriptions != null) {
            subscriptions.close();
        }
        try {
            if (inherited != null && inherited.isRegistered()) {
                awaitDrain(connections.drain(inherited));
            }
            servers.forEach(Server::shutdown);
            for (Server server : servers) {
                if (!server.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS)) {
                    server.shutdownNow();
                    server.awaitTermination(1, TimeUnit.SECONDS);
                }
            }
        } catch (InterruptedException e) {
            servers.forEach(Server::shutdownNow);
            Thread.currentThread().interrupt();
        }
    }
}
