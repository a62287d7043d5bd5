package io.pullpiri.statemanager.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.Anomalies;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.Metrics;
import io.pullpiri.statemanager.manager.Reconciler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP port, for people and their tools: REST, the stream of events, the dashboard. */
public final class WebServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(WebServer.class);

    /** So often a silent stream shows that it lives. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);

    /** A caller that takes nothing for so long is given up. */
    private static final Duration STALLED = Duration.ofSeconds(30);

    /** Each holds a thread's time, and the view that it tells of. One address has up to 32 of them. */
    private static final int ANSWERS_AT_ONCE = 42;

    private static final double HEAP_FOR_REQUESTS = 0.1;
    private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(5);
    private static final long RETRY_MILLIS = 20;
    private static final int HISTORIES_AT_ONCE = 8;
    private static final Duration HISTORY_PATIENCE = Duration.ofSeconds(10);

    /** What does not change anything. */
    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

    /** What a browser says of a request that no other page made. */
    private static final Set<String> OWN_SITE = Set.of("same-origin", "none");

    private final HostHeaderCheck hosts;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    /**
     * The threads of the vital paths, which are served even over the limit of connections. A virtual thread would wait until
     * all others that are ready have run.
     */
    private final Map<String, ExecutorService> vitalThreads =
            Map.of(Routes.HEALTH, thread("http-health"), Routes.METRICS, thread("http-metrics"));

    private final EventStreams streams;
    private final AddressShares places = new AddressShares(ANSWERS_AT_ONCE);
    private final Assets assets = new Assets();
    private final Routes routes;
    private final Anomalies anomalies;
    private final HttpConnections connections;

    /**
     * Opens the port.
     *
     * @param port 0 for any free one
     * @throws IOException if it cannot be opened; the message says which and why
     */
    public static WebServer start(String host, int port, Manager manager, Reconciler reconciler, Metrics metrics)
            throws IOException {
        return start(host, port, manager, reconciler, metrics, new WriteTimeouts(STALLED), HEARTBEAT);
    }

    static WebServer start(
            String host,
            int port,
            Manager manager,
            Reconciler reconciler,
            Metrics metrics,
            WriteTimeouts patience,
            Duration heartbeat)
            throws IOException {
        try {
            return new WebServer(host, port, manager, reconciler, metrics, patience, heartbeat);
        } catch (IOException e) {
            throw new IOException(
                    "cannot listen on %s:%d (setting http-port): %s".formatted(host, port, e.getMessage()), e);
        }
    }

    private WebServer(
            String host,
            int port,
            Manager manager,
            Reconciler reconciler,
            Metrics metrics,
            WriteTimeouts patience,
            Duration heartbeat)
            throws IOException {
        ResourceJson representations = new ResourceJson(reconciler::progress);
        HistoryCache histories = new HistoryCache(
                history ->
                        manager.feed().history(history).map(representations::of).toList(),
                HISTORIES_AT_ONCE,
                HISTORY_PATIENCE,
                manager.anomalies()::refused);
        this.hosts = new HostHeaderCheck(host);
        this.anomalies = manager.anomalies();
        this.streams = new EventStreams(manager, representations, heartbeat);
        this.routes = new Routes(new Api(manager, representations, histories), streams, metrics);
        this.connections = new HttpConnections(
                new InetSocketAddress(host, port), new Dispatcher(), patience, anomalies, HttpConnections.MAX, (long)
                        (Runtime.getRuntime().maxMemory() * HEAP_FOR_REQUESTS));
        metrics.gauge("statemanager_http_streams", "Streams of events over HTTP", streams::size);
        metrics.gauge("statemanager_http_connections", "Connections to the HTTP port", connections::size);
        metrics.gauge(
                "statemanager_http_request_bytes",
                "Memory of HTTP requests that are not answered yet",
                connections.memory()::used);
    }

    /** Looks at requests on the network's thread, and answers each on a thread of its own. */
    private final class Dispatcher implements HttpConnections.Service {

        @Override
        public boolean isVital(String method, String target) {
            return (method.equals("GET") || method.equals("HEAD")) && vitalThreads.containsKey(target);
        }

        @Override
        public boolean takesBody(String method, String target) {
            try {
                return routes.changesAt(method, Request.path(target));
            } catch (HttpProblem e) {
                return false;
            }
        }

        @Override
        public void serve(Exchange exchange) {
            try {
                vitalThreads.getOrDefault(exchange.target(), threads).execute(() -> answer(exchange));
            } catch (RejectedExecutionException e) {
                exchange.cut(); // the server stops
            }
        }
    }

    private static ExecutorService thread(String name) {
        return Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name(name).daemon().factory());
    }

    private void answer(Exchange exchange) {
        try {
            Reply reply;
            try {
                String path = Request.path(exchange.target());
                // A stream would keep its place for ever, and others are small.
                if (path.startsWith("/api/") && !path.equals(EventStreams.PATH)) {
                    answerInTurn(exchange, path);
                    return;
                }
                reply = reply(exchange, path);
            } catch (HttpProblem e) {
                reply = problem(e);
            }
            if (reply != null) {
                reply.send(exchange);
            }
        } catch (RuntimeException | JsonProcessingException e) {
            LOG.error("{} cannot be answered to its end, which is a defect", exchange.target(), e);
            exchange.cut();
        } catch (IOException e) {
            LOG.debug("a caller has hung up: {}", e.getMessage());
            // So that what was sent does not look whole.
            exchange.cut();
        }
    }

    private static Reply problem(HttpProblem refusal) {
        Map<String, String> headers = refusal.status() == 503 ? Map.of("Retry-After", "1") : Map.of();
        return Reply.problem(refusal.status(), refusal.detail(), headers);
    }

    private void answerInTurn(Exchange exchange, String path) throws IOException, HttpProblem {
        AddressShares.Place place = place(exchange);
        try {
            exchange.hold(place);
            Reply reply = reply(exchange, path);
            if (reply != null) {
                reply.send(exchange);
            }
        } finally {
            place.release();
        }
    }

    /** Waits for a place among the answers that are being made. */
    private AddressShares.Place place(Exchange exchange) throws HttpProblem {
        long deadline = System.nanoTime() + ANSWER_PATIENCE.toNanos();
        String address = exchange.address();
        while (true) {
            AddressShares.Admission admission = places.tryAcquire(address, false, () -> {
                anomalies.refused(
                        "http-answers", "replaced", "a slow answer made room for another (client: " + address + ")");
                exchange.cut();
            });
            switch (admission) {
                case AddressShares.Place place -> {
                    return place;
                }
                case AddressShares.NoPlace refused -> {
                    if (System.nanoTime() > deadline) {
                        anomalies.refused(
                                "http-answers",
                                refused.reason().label(),
                                "too many callers are being answered (client: " + address + ")");
                        throw new HttpProblem(503, "busy: " + refused.used() + " callers are being answered");
                    }
                }
            }
            try {
                TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new HttpProblem(503, "StateManager is stopping");
            }
        }
    }

    private @Nullable Reply reply(Exchange exchange, String path) throws IOException {
        try {
            hosts.require(exchange.header("Host"));
            String method = exchange.isHead() ? "GET" : exchange.method();
            requireOwnSite(exchange);
            return routes.reply(
                    exchange, method, path, (request, same) -> assets.reply(path, request.header("If-None-Match")));
        } catch (HttpProblem e) {
            return problem(e);
        } catch (RuntimeException e) {
            LOG.error("{} cannot be answered, which is a defect", exchange.target(), e);
            return Reply.problem(500, "internal error: " + e, Map.of());
        }
    }

    /** A page of another site that is open in a browser on this machine must not change anything. */
    private static void requireOwnSite(Exchange exchange) throws HttpProblem {
        String site = exchange.header("Sec-Fetch-Site");
        if (site != null && !SAFE.contains(exchange.method()) && !OWN_SITE.contains(site)) {
            throw new HttpProblem(
                    403,
                    "Sec-Fetch-Site: '" + site
                            + "' may not change anything (expected: same-origin, none or no such header)");
        }
    }

    public int port() {
        return connections.port();
    }

    /** Ends the streams, gives other calls a moment to end, and closes the port. */
    @Override
    public void close() {
        streams.close();
        connections.close();
        threads.shutdownNow();
        vitalThreads.values().forEach(ExecutorService::shutdownNow);
    }
}
