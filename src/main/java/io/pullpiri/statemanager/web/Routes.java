// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.manager.Metrics;
import io.pullpiri.statemanager.state.LogText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The table of paths and their handlers. The dashboard's files are not in it. */
// [impl->req~wire-http~1]
final class Routes {

    static final String HEALTH = "/health";
    static final String METRICS = "/metrics";

    private static final String NAME = "{name}";

    private final List<Route> table;

    /** Returns the answer to a request, or null if the handler has sent it. */
    interface Handler {
        @Nullable
        Reply handle(Request request, Exchange exchange) throws IOException, HttpProblem;
    }

    /** Answers a request without its exchange. */
    private interface Answering {
        Reply answer(Request request) throws IOException, HttpProblem;
    }

    /** @param path a path, which may end in {@code {name}} */
    record Route(String method, String path, Handler handler) {

        /** Returns the name in a path, empty if the route has none; null if the path does not match. */
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

    Routes(Api api, EventStreams streams, Metrics metrics) {
        List<Route> routes = new ArrayList<>();
        routes.add(route("GET", HEALTH, api::health));
        MetricsPage page = new MetricsPage(metrics::scrape);
        routes.add(new Route("GET", METRICS, (request, exchange) -> page.get(exchange.arrived())));
        routes.add(route("GET", "/api/v1/packages", api::packages));
        routes.add(route("GET", "/api/v1/packages/{name}", api::onePackage));
        routes.add(route("GET", "/api/v1/models", api::models));
        routes.add(route("GET", "/api/v1/models/{name}", api::model));
        routes.add(route("GET", "/api/v1/scenarios", api::scenarios));
        routes.add(route("GET", "/api/v1/scenarios/{name}", api::scenario));
        routes.add(route("GET", "/api/v1/nodes", api::nodes));
        routes.add(route("GET", "/api/v1/nodes/{name}", api::node));
        routes.add(route("DELETE", "/api/v1/nodes/{name}", api::forget));
        routes.add(new Route("GET", EventStreams.PATH, (request, exchange) -> {
            streams.serve(request, exchange);
            return null;
        }));
        // The second path is Pullpiri's, so that the curl commands of its examples work here.
        for (String path : List.of("/api/v1/artifacts", "/api/artifact")) {
            routes.add(route("POST", path, api::apply));
            routes.add(route("DELETE", path, api::delete));
        }
        table = List.copyOf(routes);
    }

    private static Route route(String method, String path, Answering answering) {
        return new Route(method, path, (request, exchange) -> answering.answer(request));
    }

    /** Returns all routes. */
    List<Route> table() {
        return table;
    }

    /** Returns whether a path has a route for this method, other than GET. */
    boolean changesAt(String method, String path) {
        return !method.equals("GET") && anyMatch(path, route -> route.method().equals(method));
    }

    private boolean anyMatch(String path, Predicate<Route> condition) {
        return table.stream().anyMatch(route -> condition.test(route) && route.match(path) != null);
    }

    /**
     * Answers a request.
     *
     * @param method the method; GET for a HEAD request
     * @param orElse answers a GET of a path without a route
     * @return the answer; null if the handler has sent it
     */
    @Nullable
    Reply reply(Exchange exchange, String method, String path, Handler orElse) throws IOException, HttpProblem {
        TreeSet<String> others = new TreeSet<>();
        for (Route route : table) {
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
                    "method: " + exchange.method() + " (expected: " + String.join(", ", others) + ")",
                    Map.of("Allow", String.join(", ", others)));
        }
        Reply other = method.equals("GET") ? orElse.handle(new Request(exchange, ""), exchange) : null;
        return other == null ? unknown(path) : other;
    }

    private static Reply unknown(String path) {
        return Reply.problem(
                404,
                "path: '" + LogText.excerpt(path, 60) + "' is not known (expected: a path of /api/v1/openapi.yaml)",
                Map.of());
    }
}
