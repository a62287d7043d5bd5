// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.net;

import com.google.common.base.CharMatcher;
import com.google.common.net.HostAndPort;
import com.google.common.net.InetAddresses;
import com.google.common.net.InternetDomainName;
import com.google.common.net.UrlEscapers;
import java.util.Optional;

/** Reads addresses of servers: {@code host:port}, or {@code [address]:port} for IPv6. All settings and options use it. */
public final class Endpoint {

    /** What an address has to look like, for error messages. */
    public static final String EXPECTED =
            "HOST:PORT or [IPv6]:PORT; a name has only letters, digits, '-' and '.'; a port is 1..65535";

    private Endpoint() {}

    /**
     * Parses an address that has a port. Host names follow the rules of gRPC's name resolver, which refuses underscores.
     *
     * @return empty if the text is not such an address
     */
    public static Optional<HostAndPort> parse(String text) {
        return parseWithOptionalPort(text).filter(HostAndPort::hasPort);
    }

    /** Parses an address whose port may be absent; a port that is present is 1..65535. */
    public static Optional<HostAndPort> parseWithOptionalPort(String text) {
        HostAndPort address;
        try {
            address = HostAndPort.fromString(text).requireBracketsForIPv6();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        boolean valid = isHost(address.getHost()) && address.getPortOrDefault(1) > 0 && !text.endsWith(":");
        return valid ? Optional.of(address) : Optional.empty();
    }

    private static boolean isHost(String host) {
        return InetAddresses.isInetAddress(host)
                || (CharMatcher.ascii().matchesAllOf(host)
                        && host.indexOf('_') < 0
                        && InternetDomainName.isValid(host));
    }

    /**
     * Returns the path of a gRPC target such as {@code dns:///path}, in which the brackets of IPv6 are escaped.
     *
     * @throws IllegalArgumentException if the text is not an address with a port; the message says what is expected
     */
    public static String targetPath(String text) {
        HostAndPort address = parse(text)
                .orElseThrow(() -> new IllegalArgumentException("'" + text + "' (expected: " + EXPECTED + ")"));
        return UrlEscapers.urlPathSegmentEscaper().escape(address.toString());
    }
}
