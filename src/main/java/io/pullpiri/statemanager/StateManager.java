// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import io.github.resilience4j.core.IntervalFunction;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.grpc.ActionControllerClient;
import io.pullpiri.statemanager.grpc.GrpcServer;
import io.pullpiri.statemanager.manager.Clock;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.ManagerLimits;
import io.pullpiri.statemanager.manager.ManagerThreads;
import io.pullpiri.statemanager.manager.Metrics;
import io.pullpiri.statemanager.manager.Offloader;
import io.pullpiri.statemanager.manager.ReconcileTiming;
import io.pullpiri.statemanager.manager.Reconciler;
import io.pullpiri.statemanager.manager.Tracing;
import io.pullpiri.statemanager.net.InheritedSocket;
import io.pullpiri.statemanager.pullpiri.PullpiriMirror;
import io.pullpiri.statemanager.pullpiri.PullpiriStore;
import io.pullpiri.statemanager.settings.Settings;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.etcd.EtcdStore;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.view.Owner;
import io.pullpiri.statemanager.web.WebServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running server, which this class builds from its parts according to the settings. {@code serve}, the demo and the tests
 * all start it with {@link #start}.
 */
public final class StateManager implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(StateManager.class);

    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    /** For one call. The service holds one lock during each call, and a read scans its whole database. */
    private static final Duration PULLPIRI_STORE_TIMEOUT = Duration.ofSeconds(5);

    // Parts of the heap. The rest is for work in progress.
    private static final double HEAP_FOR_THE_VIEW = 0.4;
    private static final double HEAP_FOR_THE_QUEUE = 0.15;
    private static final double HEAP_FOR_THE_FEED = 0.1;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final EventLoopGroup network;
    private final Executor loop;
    private final Manager manager;
    private final GrpcServer server;
    private final String address;
    private final @Nullable WebServer web;

    /**
     * Opens the store and the ports. The ports are open before the store was read, and calls wait for that within their
     * deadlines.
     *
     * @throws IOException if a port cannot be opened
     * @throws io.pullpiri.statemanager.store.StoreUnavailableException if the embedded store cannot be opened
     */
    public static StateManager start(Settings settings) throws IOException {
        return start(settings, null);
    }

    /**
     * As {@link #start(Settings)}, on a socket that the parent process has opened.
     *
     * @param inherited the listening socket for gRPC, which stays open; null opens a port as the settings say
     */
    public static StateManager start(Settings settings, @Nullable ServerSocketChannel inherited) throws IOException {
        return new StateManager(settings, inherited);
    }

    private StateManager(Settings settings, @Nullable ServerSocketChannel inherited) throws IOException {
        requireHost(settings.host());
        try {
            // One thread for all connections: handing work to another thread costs more than most of the work.
            network = new MultiThreadIoEventLoopGroup(
                    1, new DefaultThreadFactory("network", true), NioIoHandler.newFactory());
            own(() -> network.shutdownGracefully(0, 2, TimeUnit.SECONDS).await(3, TimeUnit.SECONDS));
            long heap = Runtime.getRuntime().maxMemory();
            StateStore store = own(open(settings, network));
            Clock clock = Clock.system();
            Metrics metrics = new Metrics();
            String endpoint = settings.tracingEndpoint();
            ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("timer").daemon().factory());
            own(timer::shutdownNow);
            ActionControllerClient actionController =
                    own(new ActionControllerClient(settings.actionController(), settings.reconcileCurrentStatus()));
            Reconciler reconciler = own(new Reconciler(
                    actionController,
                    new ReconcileTiming(
                            settings.reconcileDelay(),
                            settings.reconcileResync(),
                            settings.reconcileTimeout(),
                            backoff(500, 60_000),
                            settings.reconcileVia(),
                            settings.reconcilePatience(),
                            settings.offloadTimeout()),
                    clock,
                    (delay, task) -> schedule(timer, task, delay.toNanos())));
            // A quarter is left for the error of the estimate of a journal record.
            Cascade cascade = new Cascade(
                    settings.rules(), new Plan.TransactionLimits(store.maxWrites(), store.maxBytes() / 4 * 3, (long)
                            (heap * HEAP_FOR_THE_VIEW)));
            loop = loop(settings, network);
            manager = own(new Manager(
                    store,
                    cascade,
                    reconciler,
                    thisServer(),
                    new ManagerLimits(
                            settings.commitTimeout(),
                            settings.queueLimit(),
                            (long) (heap * HEAP_FOR_THE_QUEUE),
                            (long) (heap * HEAP_FOR_THE_FEED),
                            backoff(50, 1_000)),
                    clock,
                    metrics,
                    endpoint == null ? Tracing.OFF : own(new Traces(endpoint)).tracing(),
                    new ManagerThreads(
                            loop,
                            task -> Thread.ofVirtual().name("store").start(task),
                            (delay, task) -> schedule(timer, task, delay.toNanos()))));
            Offloader offloader = new Offloader(
                    manager,
                    actionController,
                    reconciler::isRestarted,
                    settings.offloadTimeout(),
                    settings.offloadSettle(),
                    clock,
                    (delay, task) -> schedule(timer, task, delay.toNanos()));
            metrics.watch(offloader);
            server = own(GrpcServer.start(
                    new GrpcServer.Addresses(settings.host(), settings.port(), settings.faultPort(), inherited),
                    manager,
                    reconciler,
                    offloader,
                    settings.rules().protobufNames(),
                    network));
            Integer httpPort = settings.httpPort();
            web = httpPort == null
                    ? null
                    : own(WebServer.start(settings.host(), httpPort, manager, reconciler, metrics));
            manager.start();
            mirror(settings, metrics);
            address = inherited == null ? settings.host() + ":" + server.port() : InheritedSocket.describe(inherited);
            LOG.info(
                    "store {}; listening on {}{}, faults: {}, HTTP: {}",
                    settings.store(),
                    address,
                    inherited == null ? "" : " (an inherited socket)",
                    portOrOff(server.faultPort()),
                    portOrOff(httpPort()));
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Mirrors Pullpiri's store, if the settings name one. */
    private void mirror(Settings settings, Metrics metrics) {
        String address = settings.pullpiriStore();
        if (address != null) {
            PullpiriStore store = own(new PullpiriStore(address, PULLPIRI_STORE_TIMEOUT));
            own(PullpiriMirror.start(store, settings.pullpiriStateNames(), manager, backoff(100, 5_000)))
                    .register(metrics);
            LOG.info("Pullpiri's store at {} is mirrored", address);
        }
    }

    /** Checks the host before anything is opened or written. */
    private static void requireHost(String host) throws IOException {
        try {
            var _ = InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new IOException(
                    "host: '" + host + "' (expected: an address of this machine, or a name that it resolves): "
                            + e.getMessage(),
                    e);
        }
    }

    private static Owner thisServer() {
        String host;
        try {
            host = LogText.printable(Files.readString(HOST_NAME).strip());
        } catch (IOException e) {
            host = "unknown";
        }
        return new Owner(
                UUID.randomUUID().toString(),
                host,
                ProcessHandle.current().pid(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    }

    private static StateStore open(Settings settings, EventLoopGroup network) {
        return switch (settings.store()) {
            case Settings.StoreLocation.Sqlite sqlite -> SqliteStore.open(sqlite.file());
            case Settings.StoreLocation.Etcd etcd ->
                EtcdStore.open(etcd.endpoints(), settings.commitTimeout(), network);
        };
    }

    /** Returns the executor of the loop: the thread of the network for etcd, a thread of its own for a file, which blocks. */
    private Executor loop(Settings settings, EventLoopGroup network) {
        return switch (settings.store()) {
            case Settings.StoreLocation.Etcd etcd -> network.next();
            case Settings.StoreLocation.Sqlite sqlite -> {
                ExecutorService thread = Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().name("manager").daemon().factory());
                own(thread::shutdownNow);
                yield thread;
            }
        };
    }

    private static String portOrOff(int port) {
        return port < 0 ? "off" : "port " + port;
    }

    /** Returns an exponential backoff with jitter, so that clients that fail together do not retry together. */
    private static IntToLongFunction backoff(long firstMillis, long mostMillis) {
        IntervalFunction function = IntervalFunction.ofExponentialRandomBackoff(firstMillis, 2, 0.5, mostMillis);
        return failures -> Math.min(mostMillis, function.apply(Math.min(failures, 30)));
    }

    private static void schedule(ScheduledExecutorService timer, Runnable task, long nanos) {
        try {
            ScheduledFuture<?> _ = timer.schedule(task, nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("the server is stopping, and a task is not scheduled");
        }
    }

    /** Registers a part, which {@link #close} closes; the last one first. */
    private <T extends AutoCloseable> T own(T part) {
        parts.push(part);
        return part;
    }

    /** Returns the address and the port of gRPC. */
    public String address() {
        return address;
    }

    /** Returns the port of gRPC. */
    public int port() {
        return server.port();
    }

    /** Returns the port for Timpani's faults; -1 if there is none. */
    public int faultPort() {
        return server.faultPort();
    }

    /** Returns the port of HTTP; -1 if there is none. */
    public int httpPort() {
        return web == null ? -1 : web.port();
    }

    /** Returns the manager of this server. */
    public Manager manager() {
        return manager;
    }

    /** Returns a future that completes when the threads of the loop and of the network have run it: they are not stuck. */
    public CompletableFuture<?> passThreads() {
        return CompletableFuture.runAsync(() -> {}, network).thenRunAsync(() -> {}, loop);
    }

    /** Accepts no new calls, finishes those in progress, and releases everything, within 10 seconds. */
    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                LOG.warn("could not be closed", e);
            }
        }
    }
}
