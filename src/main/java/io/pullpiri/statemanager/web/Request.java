// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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

/** The request that a handler answers: its name, parameters, headers and body. */
final class Request {

    private static final Pattern CHARSET =
            Pattern.compile(";\\s*charset\\s*=\\s*\"?([^\";\\s]*)", Pattern.CASE_INSENSITIVE);

    private static final Set<String> UTF_8 = Set.of("utf-8", "utf8");

    private final Exchange exchange;
    private final Map<String, List<String>> parameters = new LinkedHashMap<>();
    private final String name;

    /**
     * Parses the query of a request.
     *
     * @param name the part of the path that stands for {@code {name}} in the route; empty if there is none
     * @throws HttpProblem if the query cannot be decoded
     */
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
     * Returns the decoded path of a request's target.
     *
     * @throws HttpProblem if the target is not a path, or cannot be decoded
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
            throw new HttpProblem(400, "path: '" + target + "' (expected: a path that begins with /)");
        }
        return decode("path", path);
    }

    /** @param text the encoded text, in which each character stands for one byte */
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

    /** Returns the name in the path; empty if there is none. */
    String name() {
        return name;
    }

    /** Returns the value of a parameter; empty if it is absent. Refuses a parameter that is given twice. */
    String parameter(String key) throws HttpProblem {
        List<String> values = parameters(key);
        if (values.size() > 1) {
            throw new HttpProblem(400, "query: '" + key + "' is given " + values.size() + " times (expected: once)");
        }
        return values.isEmpty() ? "" : values.getFirst();
    }

    /** Returns all values of a parameter that are not empty. */
    List<String> parameters(String key) {
        return parameters.getOrDefault(key, List.of()).stream()
                .filter(value -> !value.isEmpty())
                .toList();
    }

    /** Returns whether a parameter is present. */
    boolean has(String key) {
        return parameters.containsKey(key);
    }

    /** Refuses every parameter that is not named here, so that no parameter is ignored silently. */
    void requireOnly(String... known) throws HttpProblem {
        for (String key : parameters.keySet()) {
            if (!Set.of(known).contains(key)) {
                throw new HttpProblem(
                        400,
                        "query: '" + key + "' is not a parameter (expected: "
                                + (known.length == 0 ? "none" : String.join(", ", Arrays.asList(known))) + ")");
            }
        }
    }

    @Nullable
    String header(String key) {
        return exchange.header(key);
    }

    /**
     * Returns the whole body.
     *
     * @throws HttpProblem 415 if the headers name a compression or another charset, and 400 if the bytes are not UTF-8
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
