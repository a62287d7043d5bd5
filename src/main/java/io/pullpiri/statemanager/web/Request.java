package io.pullpiri.statemanager.web;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A request, as its handler sees it. */
final class Request {

    /** As much as gRPC takes. */
    private static final int MOST_BYTES = 4 << 20;

    private final HttpExchange exchange;
    private final Map<String, String> parameters = new LinkedHashMap<>();
    private final String name;

    /** @param name what the path holds where its route has {@code {name}}, empty if it has none */
    Request(HttpExchange exchange, String name) throws Refusal {
        this.exchange = exchange;
        this.name = name;
        String query = exchange.getRequestURI().getRawQuery();
        if (query != null) {
            for (String part : query.split("&", -1)) {
                int equals = part.indexOf('=');
                String key = equals < 0 ? part : part.substring(0, equals);
                parameters.put(decode(key), equals < 0 ? "" : decode(part.substring(equals + 1)));
            }
        }
    }

    private static String decode(String text) throws Refusal {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new Refusal(400, "query: '" + text + "' (expected: % only before two hexadecimal digits)");
        }
    }

    String name() {
        return name;
    }

    /** Empty if it is not given. */
    String parameter(String key) {
        return parameters.getOrDefault(key, "");
    }

    /** Refuses what would otherwise be passed over in silence. */
    void requireOnly(String... known) throws Refusal {
        for (String key : parameters.keySet()) {
            if (!Set.of(known).contains(key)) {
                throw new Refusal(
                        400,
                        "query: '" + key + "' is no parameter (expected: "
                                + (known.length == 0 ? "none" : String.join(", ", Arrays.asList(known))) + ")");
            }
        }
    }

    @Nullable
    String header(String key) {
        return exchange.getRequestHeaders().getFirst(key);
    }

    /** The whole body, as UTF-8. */
    String body() throws IOException, Refusal {
        byte[] bytes = exchange.getRequestBody().readNBytes(MOST_BYTES + 1);
        if (bytes.length > MOST_BYTES) {
            throw new Refusal(413, "body: more than " + (MOST_BYTES >> 20) + " MiB");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
