package io.pullpiri.statemanager.web;

import com.sun.net.httpserver.HttpExchange;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.state.Utf8;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A request, as its handler sees it. */
final class Request {

    /** As much as gRPC takes. */
    private static final int MOST_BYTES = 4 << 20;

    private static final Pattern CHARSET =
            Pattern.compile(";\\s*charset\\s*=\\s*\"?([^\";\\s]*)", Pattern.CASE_INSENSITIVE);

    private static final Set<String> UTF_8 = Set.of("utf-8", "utf8");

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

    boolean has(String key) {
        return parameters.containsKey(key);
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

    /**
     * The whole body.
     *
     * @throws Refusal 415 if the headers say that it is compressed or not in UTF-8, 413 if it is too large, and 400 if it is
     *     not UTF-8
     */
    String body() throws IOException, Refusal {
        requireNoEncoding();
        requireUtf8();
        byte[] bytes = exchange.getRequestBody().readNBytes(MOST_BYTES + 1);
        if (bytes.length > MOST_BYTES) {
            throw new Refusal(413, "body: more than " + (MOST_BYTES >> 20) + " MiB");
        }
        try {
            return Utf8.decode(bytes);
        } catch (Utf8.MalformedException e) {
            throw new Refusal(400, "body: " + e.getMessage());
        }
    }

    private void requireNoEncoding() throws Refusal {
        for (String encoding : headers("Content-Encoding")) {
            if (!encoding.isBlank() && !encoding.strip().equalsIgnoreCase("identity")) {
                throw new Refusal(
                        415,
                        "Content-Encoding: '" + Names.excerpt(encoding, 60)
                                + "' (expected: no such header, and the body as it is)");
            }
        }
    }

    private void requireUtf8() throws Refusal {
        for (String type : headers("Content-Type")) {
            Matcher charset = CHARSET.matcher(type);
            while (charset.find()) {
                if (!UTF_8.contains(charset.group(1).toLowerCase(Locale.ROOT))) {
                    throw new Refusal(
                            415,
                            "Content-Type: charset '" + Names.excerpt(charset.group(1), 60)
                                    + "' (expected: utf-8; convert the body to UTF-8)");
                }
            }
        }
    }

    private List<String> headers(String key) {
        List<String> values = exchange.getRequestHeaders().get(key);
        return values == null ? List.of() : values;
    }
}
