package io.pullpiri.statemanager.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.Metrics;
import io.pullpiri.statemanager.manager.Reconciler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP port, for people and their tools: REST, the stream of events, the dashboard. */
public final class WebServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(WebServer.class);

    private static final String NAME = "{name}";
    private static final PrometheusTextFormatWriter EXPOSITION =
            PrometheusTextFormatWriter.builder().build();

    /** So often a silent stream shows that it lives. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);

    /** A caller that takes nothing for so long is given up. */
    private static final Duration STALLED = Duration.ofSeconds(30);

    /** Each holds a thread's time, and the view that it tells of. */
    private static final int ANSWERS_AT_ONCE = 32;

    private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(5);
    private static final int HISTORIES_AT_ONCE = 8;
    private static final Duration HISTORY_PATIENCE = Duration.ofSeconds(10);

    private final HttpServer server;
    private final Hosts hosts;
    private final Patience patience;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final EventStreams streams;
    private final Semaphore places = new Semaphore(ANSWERS_AT_ONCE);
    private final List<Route> routes;

    static {
        // The server's only handles are these, read once. The streams, and others beside them.
        System.setProperty("jdk.httpserver.maxConnections", Integer.toString(EventStreams.MOST + 200));
        // Seconds for a request to come in.
        System.setProperty("sun.net.httpserver.maxReqTime", "30");
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    interface Handler {
        @Nullable
        Reply handle(Request request, HttpExchange exchange) throws IOException, Refusal;
    }

    private interface Answering {
        Reply answer(Request request) throws IOException, Refusal;
    }

    /** @param path with {@code {name}} in the last place, or without */
    record Route(String method, String path, Handler handler) {

        /** What stands for the name, empty if the path has none; null if this is another path. */
        @Nullable
        String match(String asked) {
            if (!path.endsWith(NAME)) {
                return path.equals(asked) ? "" : null;
            }
            int start = path.length() - NAME.length();
            boolean matches = asked.length() > start
                    && asked.startsWith(path.substring(0, start))
                    && asked.indexOf('/', start) < 0;
            return matches ? asked.substring(start) : null;
        }
    }

    /**
     * Opens the port.
     *
     * @param port 0 for any free one
     * @throws IOException if it cannot be opened; the message says which and why
     */
    public static WebServer start(String host, int port, Manager manager, Reconciler reconciler, Metrics metrics)
            throws IOException {
        return start(host, port, manager, reconciler, metrics, new Patience(STALLED), HEARTBEAT);
    }

    static WebServer start(
            String host,
            int port,
            Manager manager,
            Reconciler reconciler,
            Metrics metrics,
            Patience patience,
            Duration heartbeat)
            throws IOException {
        HttpServer server;
        try {
            server = HttpServer.create(new InetSocketAddress(host, port), 0);
        } catch (IOException e) {
            patience.close();
            throw new IOException(
                    "cannot listen on %s:%d (setting http-port): %s".formatted(host, port, e.getMessage()), e);
        }
        return new WebServer(server, new Hosts(host), manager, reconciler, metrics, patience, heartbeat);
    }

    private WebServer(
            HttpServer server,
            Hosts hosts,
            Manager manager,
            Reconciler reconciler,
            Metrics metrics,
            Patience patience,
            Duration heartbeat) {
        Representations representations = new Representations(reconciler::progress);
        Histories histories = new Histories(
                history ->
                        manager.feed().history(history).map(representations::of).toList(),
                HISTORIES_AT_ONCE,
                HISTORY_PATIENCE);
        this.server = server;
        this.hosts = hosts;
        this.patience = patience;
        this.streams = new EventStreams(manager, representations, patience, heartbeat);
        this.routes = routes(new Api(manager, representations, histories), streams, metrics);
        metrics.gauge("statemanager_http_streams", "Streams of events over HTTP", streams::size);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.createContext("/api/", this::handleInTurn);
        server.createContext("/api/v1/events", this::handle);
        server.start();
    }

    static List<Route> routes(Api api, EventStreams streams, Metrics metrics) {
        List<Route> table = new ArrayList<>();
        table.add(route("GET", "/health", api::health));
        table.add(route("GET", "/metrics", request -> metrics(metrics)));
        table.add(route("GET", "/api/v1/packages", api::packages));
        table.add(route("GET", "/api/v1/packages/{name}", api::onePackage));
        table.add(route("GET", "/api/v1/models", api::models));
        table.add(route("GET", "/api/v1/models/{name}", api::model));
        table.add(route("GET", "/api/v1/scenarios", api::scenarios));
        table.add(route("GET", "/api/v1/scenarios/{name}", api::scenario));
        table.add(route("GET", "/api/v1/nodes", api::nodes));
        table.add(route("GET", "/api/v1/nodes/{name}", api::node));
        table.add(route("DELETE", "/api/v1/nodes/{name}", api::forget));
        table.add(new Route("GET", "/api/v1/events", (request, exchange) -> {
            streams.serve(request, exchange);
            return null;
        }));
        // The second is Pullpiri's own: its examples' curl lines work here.
        for (String path : List.of("/api/v1/artifacts", "/api/artifact")) {
            table.add(route("POST", path, api::apply));
            table.add(route("DELETE", path, api::delete));
        }
        return List.copyOf(table);
    }

    private static Route route(String method, String path, Answering answering) {
        return new Route(method, path, (request, exchange) -> answering.answer(request));
    }

    private static Reply metrics(Metrics metrics) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        EXPOSITION.write(text, metrics.scrape());
        return new Reply(200, EXPOSITION.getContentType(), Reply.Body.of(text.toByteArray()), Map.of());
    }

    private void handleInTurn(HttpExchange exchange) throws IOException {
        boolean placed = false;
        try {
            placed = places.tryAcquire(ANSWER_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            handle(exchange, placed ? this::reply : WebServer::tooMany);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            exchange.close();
        } finally {
            if (placed) {
                places.release();
            }
        }
    }

    private static Reply tooMany(HttpExchange exchange) throws Refusal {
        throw new Refusal(503, "busy: " + ANSWERS_AT_ONCE + " callers are being answered");
    }

    private interface Replying {
        @Nullable
        Reply reply(HttpExchange exchange) throws IOException, Refusal;
    }

    private void handle(HttpExchange exchange) throws IOException {
        handle(exchange, this::reply);
    }

    private void handle(HttpExchange exchange, Replying replying) throws IOException {
        try {
            Reply reply;
            try {
                reply = replying.reply(exchange);
            } catch (Refusal e) {
                Map<String, String> headers = e.status() == 503 ? Map.of("Retry-After", "1") : Map.of();
                reply = Reply.problem(e.status(), e.detail(), headers);
            } catch (RuntimeException e) {
                LOG.error("{} cannot be answered, which is a defect", exchange.getRequestURI(), e);
                reply = Reply.problem(500, "internal error: " + e, Map.of());
            }
            if (reply != null) {
                reply.send(exchange, patience);
            }
            patience.send(exchange::close);
        } catch (RuntimeException | JsonProcessingException e) {
            LOG.error("{} cannot be answered to its end, which is a defect", exchange.getRequestURI(), e);
            throw new IOException(e);
        } catch (IOException e) {
            LOG.debug("a caller has hung up: {}", e.getMessage());
            // The server then cuts the connection, so that nobody takes for whole what is not; and counts it no longer.
            throw e;
        }
    }

    private @Nullable Reply reply(HttpExchange exchange) throws IOException, Refusal {
        hosts.require(exchange.getRequestHeaders().getFirst("Host"));
        String path = exchange.getRequestURI().getPath();
        String asked = exchange.getRequestMethod();
        String method = asked.equals("HEAD") ? "GET" : asked;
        TreeSet<String> others = new TreeSet<>();
        for (Route route : routes) {
            String name = route.match(path);
            if (name != null && route.method().equals(method)) {
                return route.handler().handle(new Request(exchange, name), exchange);
            } else if (name != null) {
                others.add(route.method());
            }
        }
        if (!others.isEmpty()) {
            return Reply.problem(
                    405,
                    "method: " + asked + " (expected: " + String.join(", ", others) + ")",
                    Map.of("Allow", String.join(", ", others)));
        }
        Reply asset = method.equals("GET")
                ? Assets.reply(path, exchange.getRequestHeaders().getFirst("If-None-Match"))
                : null;
        return asset == null ? Reply.problem(404, "there is nothing at " + path, Map.of()) : asset;
    }

    public int port() {
        return server.getAddress().getPort();
    }

    /** Ends the streams, gives other calls a moment to end, and closes the port. */
    @Override
    public void close() {
        streams.close();
        server.stop(1);
        threads.shutdownNow();
        patience.close();
    }
}
