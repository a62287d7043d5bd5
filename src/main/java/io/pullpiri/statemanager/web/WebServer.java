// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.Anomalies;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.Metrics;
import io.pullpiri.statemanager.manager.Reconciler;
import io.pullpiri.statemanager.net.PortBinding;
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

/** The HTTP server: REST, the stream of events, the dashboard, metrics and health. */
public final class WebServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(WebServer.class);

    /** The interval at which a stream without events sends a heartbeat. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);

    /** The time without progress after which a client's connection is closed. */
    private static final Duration STALLED = Duration.ofSeconds(30);

    /** The most answers of {@code /api} at the same time. Each keeps its view in memory. One address has at most 32. */
    private static final int ANSWERS_AT_ONCE = 42;

    private static final double HEAP_FOR_REQUESTS = 0.1;
    private static final Duration ANSWER_WAIT = Duration.ofSeconds(5);
    private static final long RETRY_MILLIS = 20;
    private static final int HISTORIES_AT_ONCE = 8;
    private static final Duration HISTORY_WAIT = Duration.ofSeconds(10);

    /** The methods that change nothing. */
    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

    /** The values of {@code Sec-Fetch-Site} that a browser sends when no page of another site made the request. */
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
     * @param host the address to listen on
     * @param port the port; 0 for any free one
     * @throws IOException if the port cannot be opened; the message names the setting and the reason
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
            WriteTimeouts timeouts,
            Duration heartbeat)
            throws IOException {
        return new WebServer(host, port, manager, reconciler, metrics, timeouts, heartbeat);
    }

    private WebServer(
            String host,
            int port,
            Manager manager,
            Reconciler reconciler,
            Metrics metrics,
            WriteTimeouts timeouts,
            Duration heartbeat)
            throws IOException {
        ResourceJson resourceJson = new ResourceJson(reconciler::progress);
        HistoryCache histories = new HistoryCache(
                history -> manager.feed().history(history).map(resourceJson::of).toList(),
                HISTORIES_AT_ONCE,
                HISTORY_WAIT,
                manager.anomalies()::refused);
        this.hosts = new HostHeaderCheck(host);
        this.anomalies = manager.anomalies();
        this.streams = new EventStreams(manager, resourceJson, heartbeat);
        this.routes = new Routes(new Api(manager, resourceJson, histories), streams, metrics);
        long requestBytes = (long) (Runtime.getRuntime().maxMemory() * HEAP_FOR_REQUESTS);
        this.connections = PortBinding.open(
                host,
                port,
                "http-port",
                () -> new HttpConnections(
                        new InetSocketAddress(host, port),
                        new Dispatcher(),
                        timeouts,
                        anomalies,
                        HttpConnections.MAX,
                        requestBytes));
        metrics.gauge("statemanager_http_streams", "Streams of events over HTTP", streams::size);
        metrics.gauge("statemanager_http_connections", "Connections to the HTTP port", connections::size);
        metrics.gauge(
                "statemanager_http_request_bytes",
                "Memory of HTTP requests that are not answered yet",
                connections.memory()::used);
    }

    /** Classifies requests on the HTTP thread, and answers each on another thread. */
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
                // A stream would hold its place for ever. The answers of all other paths are small.
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
            LOG.error("the answer to {} failed half-way, which is a defect", exchange.target(), e);
            exchange.cut();
        } catch (IOException e) {
            LOG.debug("a caller has closed its connection: {}", e.getMessage());
            // A cut connection shows that the answer is incomplete.
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

    /** Waits up to 5 s for a place among the answers in progress. */
    private AddressShares.Place place(Exchange exchange) throws HttpProblem {
        long deadline = System.nanoTime() + ANSWER_WAIT.toNanos();
        String address = exchange.address();
        while (true) {
            AddressShares.Admission admission = places.tryAcquire(address, false, () -> {
                anomalies.refused(
                        "http-answers", "replaced", "a slow answer was closed for a new one (client: " + address + ")");
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
            LOG.error("the request {} failed, which is a defect", exchange.target(), e);
            return Reply.problem(500, "internal error: " + e, Map.of());
        }
    }

    /** Refuses a change that a browser sends for a page of another site. */
    private static void requireOwnSite(Exchange exchange) throws HttpProblem {
        String site = exchange.header("Sec-Fetch-Site");
        if (site != null && !SAFE.contains(exchange.method()) && !OWN_SITE.contains(site)) {
            throw new HttpProblem(
                    403,
                    "Sec-Fetch-Site: '" + site
                            + "' may not change anything (expected: same-origin, none or no such header)");
        }
    }

    /** Returns the port that is open. */
    public int port() {
        return connections.port();
    }

    /** Ends the streams, waits up to a second for the answers in progress, and closes the port. */
    @Override
    public void close() {
        streams.close();
        connections.close();
        threads.shutdownNow();
        vitalThreads.values().forEach(ExecutorService::shutdownNow);
    }
}
