// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.settings;

import com.google.common.base.CharMatcher;
import com.google.common.net.HostAndPort;
import io.pullpiri.statemanager.net.Endpoint;
import io.pullpiri.statemanager.state.PackageState;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The text of one setting, and its conversions. A conversion that fails throws a {@link SettingsException} with the setting, its
 * text, its origin and the expected form.
 *
 * @param name the option, key or variable that the user wrote
 * @param text the value that the user wrote
 * @param origin the source of the value, such as {@code the command line} or a path
 */
record SettingValue(String name, String text, String origin) {

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|m|h)");
    private static final Pattern PLAIN_HTTP = Pattern.compile("http://([^/]+)/?");
    private static final Pattern HTTP = Pattern.compile("https?://(.+)");
    /** Linux has room for so many in the address of a socket. */
    private static final int MAX_SOCKET_BYTES = 107;

    private static final String ETCD = "etcd://";
    private static final String SQLITE = "sqlite:";

    private SettingsException wrong(String expected) {
        return new SettingsException(name + ": '" + text + "' (from " + origin + "; expected: " + expected + ")");
    }

    /** Returns this setting with another text, such as one item of its list. */
    SettingValue with(String other) {
        return new SettingValue(name, other, origin);
    }

    boolean isAuto() {
        return text.trim().equalsIgnoreCase("auto");
    }

    boolean isOff() {
        return text.equalsIgnoreCase("off");
    }

    int integer(int least, int most) {
        try {
            int value = Integer.parseInt(text.trim());
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        throw wrong(least + ".." + most);
    }

    Set<Integer> integers() {
        Set<Integer> values = new LinkedHashSet<>();
        for (String item : items()) {
            values.add(with(item).integer(0, 255));
        }
        return values;
    }

    private List<String> items() {
        return Arrays.stream(text.split(",", -1))
                .map(String::trim)
                .filter(item -> !item.isEmpty())
                .toList();
    }

    /**
     * Reads a duration of up to 24 hours.
     *
     * @param positive whether zero is refused
     */
    Duration duration(boolean positive) {
        Duration value;
        Matcher matcher = DURATION.matcher(text.trim().toLowerCase(Locale.ROOT));
        try {
            value = matcher.matches()
                    ? Duration.of(
                            Long.parseLong(matcher.group(1)),
                            switch (matcher.group(2)) {
                                case "ms" -> ChronoUnit.MILLIS;
                                case "s" -> ChronoUnit.SECONDS;
                                case "m" -> ChronoUnit.MINUTES;
                                default -> ChronoUnit.HOURS;
                            })
                    : Duration.parse(text.trim());
        } catch (DateTimeParseException e) {
            throw wrong("a time such as 500ms, 3s, 1m or PT3S");
        }
        if (value.isNegative() || (positive && value.isZero()) || value.compareTo(Duration.ofDays(1)) > 0) {
            throw wrong(positive ? "more than 0s, at most 24h" : "0s to 24h");
        }
        return value;
    }

    <E extends Enum<E>> E oneOf(Class<E> type) {
        for (E value : type.getEnumConstants()) {
            if (value.name().equalsIgnoreCase(text.trim()) && !value.name().equals("UNRECOGNIZED")) {
                return value;
            }
        }
        throw wrong("one of "
                + Arrays.stream(type.getEnumConstants())
                        .map(Enum::name)
                        .filter(known -> !known.equals("UNRECOGNIZED"))
                        .map(known -> Character.isUpperCase(text.isEmpty() ? 'a' : text.charAt(0))
                                ? known
                                : known.toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", ")));
    }

    /** Reads a list of at least one of the allowed states. */
    Set<PackageState> states(Set<PackageState> allowed) {
        Set<PackageState> states = new LinkedHashSet<>();
        for (String item : items()) {
            PackageState state = PackageState.parse(item);
            if (state == null || !allowed.contains(state)) {
                throw wrong("error, degraded, or both");
            }
            states.add(state);
        }
        if (states.isEmpty()) {
            throw wrong("error, degraded, or both");
        }
        return states;
    }

    /** Reads a host. An IPv6 address gets brackets, so that a port can follow it. */
    String host() {
        try {
            if (!text.isEmpty() && CharMatcher.whitespace().matchesNoneOf(text)) {
                return HostAndPort.fromHost(text).toString();
            }
        } catch (IllegalArgumentException e) {
            // reported below
        }
        throw wrong("a host name or an address");
    }

    /** Reads {@code host:port}. */
    String endpoint() {
        return Endpoint.parse(text.trim())
                .orElseThrow(() -> wrong(Endpoint.EXPECTED))
                .toString();
    }

    /** Reads {@code http://host:port}, without a path; https and no port are accepted. */
    String httpUrl() {
        String url = text.trim().replaceAll("/+$", "");
        Matcher matcher = HTTP.matcher(url);
        if (matcher.matches()
                && Endpoint.parseWithOptionalPort(matcher.group(1)).isPresent()) {
            return url;
        }
        throw wrong("a URL such as http://127.0.0.1:4318, or off");
    }

    /** Reads {@code http://HOST:PORT}, and returns {@code HOST:PORT}. A path is not allowed, but a slash at the end is. */
    String pullpiriStore() {
        Matcher matcher = PLAIN_HTTP.matcher(text.trim());
        return Optional.of(matcher)
                .filter(Matcher::matches)
                .flatMap(url -> Endpoint.parse(url.group(1)))
                .orElseThrow(() -> wrong("a URL such as http://127.0.0.1:47007, or off"))
                .toString();
    }

    /** The path of a Unix socket. */
    Path socket() {
        if (!text.isBlank() && text.getBytes(StandardCharsets.UTF_8).length <= MAX_SOCKET_BYTES) {
            try {
                return Path.of(text);
            } catch (InvalidPathException e) {
                // reported below
            }
        }
        throw wrong("the path of a socket, at most " + MAX_SOCKET_BYTES + " bytes, or off");
    }

    Settings.StoreLocation store() {
        if (text.startsWith(SQLITE) && text.length() > SQLITE.length()) {
            try {
                return new Settings.StoreLocation.Sqlite(Path.of(text.substring(SQLITE.length())));
            } catch (InvalidPathException e) {
                throw wrong("a path in this locale's characters; LC_ALL=C.UTF-8 has all");
            }
        }
        if (text.startsWith(ETCD)) {
            List<String> endpoints = new ArrayList<>();
            for (String item : text.substring(ETCD.length()).split(",", -1)) {
                endpoints.add(with(item).endpoint());
            }
            return new Settings.StoreLocation.Etcd(List.copyOf(endpoints));
        }
        throw wrong("sqlite:PATH, or etcd://host:port[,host:port...]");
    }
}
