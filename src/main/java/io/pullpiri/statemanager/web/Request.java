package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.Utf8;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
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

    private static final Pattern CHARSET =
            Pattern.compile(";\\s*charset\\s*=\\s*\"?([^\";\\s]*)", Pattern.CASE_INSENSITIVE);

    private static final Set<String> UTF_8 = Set.of("utf-8", "utf8");

    private final Exchange exchange;
    private final Map<String, List<String>> parameters = new LinkedHashMap<>();
    private final String name;

    /** @param name what the path holds where its route has {@code {name}}, empty if it has none */
    Request(Exchange exchange, String name) throws HttpProblem {
        this.exchange = exchange;
        this.name = name;
        String target = exchange.target();
        int query = target.indexOf('?');
        if (query >= 0) {
            for (String part : target.substring(query + 1).split("&", -1)) {
                int equals = part.indexOf('=');
                String key = equals < 0 ? part : part.substring(0, equals);
                parameters
                        .computeIfAbsent(decode("query", key.replace('+', ' ')), any -> new ArrayList<>())
                        .add(
                                equals < 0
                                        ? ""
                                        : decode(
                                                "query",
                                                part.substring(equals + 1).replace('+', ' ')));
            }
        }
    }

    /**
     * The decoded path of a request's target.
     *
     * @throws HttpProblem if it is no path, or one that cannot be decoded
     */
    static String path(String target) throws HttpProblem {
        String local = target;
        if (target.startsWith("http://") || target.startsWith("https://")) {
            int slash = target.indexOf('/', target.indexOf("://") + 3);
            local = slash < 0 ? "/" : target.substring(slash);
        }
        int end = local.indexOf('?');
        String path = end < 0 ? local : local.substring(0, end);
        if (!path.startsWith("/")) {
            throw new HttpProblem(400, "path: '" + target + "' (expected: / first)");
        }
        return decode("path", path);
    }

    /** @param text each character is a byte as it was sent */
    private static String decode(String what, String text) throws HttpProblem {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '%') {
                bytes.write(c);
            } else if (i + 2 < text.length()
                    && HexFormat.isHexDigit(text.charAt(i + 1))
                    && HexFormat.isHexDigit(text.charAt(i + 2))) {
                bytes.write(HexFormat.fromHexDigits(text, i + 1, i + 3));
                i += 2;
            } else {
                throw new HttpProblem(400, what + ": '" + text + "' (expected: % only before two hexadecimal digits)");
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    String name() {
        return name;
    }

    /** Empty if it is not given. */
    String parameter(String key) throws HttpProblem {
        List<String> values = parameters(key);
        if (values.size() > 1) {
            throw new HttpProblem(400, "query: '" + key + "' is given " + values.size() + " times (expected: once)");
        }
        return values.isEmpty() ? "" : values.getFirst();
    }

    /** All values that are not empty. */
    List<String> parameters(String key) {
        return parameters.getOrDefault(key, List.of()).stream()
                .filter(value -> !value.isEmpty())
                .toList();
    }

    boolean has(String key) {
        return parameters.containsKey(key);
    }

    /** Refuses what would otherwise be passed over in silence. */
    void requireOnly(String... known) throws HttpProblem {
        for (String key : parameters.keySet()) {
            if (!Set.of(known).contains(key)) {
                throw new HttpProblem(
                        400,
                        "query: '" + key + "' is no parameter (expected: "
                                + (known.length == 0 ? "none" : String.join(", ", Arrays.asList(known))) + ")");
            }
        }
    }

    @Nullable
    String header(String key) {
        return exchange.header(key);
    }

    /**
     * The whole body.
     *
     * @throws HttpProblem 415 if the headers say that it is compressed or not in UTF-8, and 400 if it is not UTF-8
     */
    String body() throws HttpProblem {
        requireNoEncoding();
        requireUtf8();
        try {
            return Utf8.decode(exchange.body());
        } catch (Utf8.MalformedException e) {
            throw new HttpProblem(400, "body: " + e.getMessage());
        }
    }

    private void requireNoEncoding() throws HttpProblem {
        for (String encoding : exchange.headers("Content-Encoding")) {
            if (!encoding.isBlank() && !encoding.strip().equalsIgnoreCase("identity")) {
                throw new HttpProblem(
                        415,
                        "Content-Encoding: '" + LogText.excerpt(encoding, 60)
                                + "' (expected: no such header, and the body as it is)");
            }
        }
    }

    private void requireUtf8() throws HttpProblem {
        for (String type : exchange.headers("Content-Type")) {
            Matcher charset = CHARSET.matcher(type);
            while (charset.find()) {
                if (!UTF_8.contains(charset.group(1).toLowerCase(Locale.ROOT))) {
                    throw new HttpProblem(
                            415,
                            "Content-Type: charset '" + LogText.excerpt(charset.group(1), 60)
                                    + "' (expected: utf-8; convert the body to UTF-8)");
                }
            }
        }
    }
}
