// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import com.google.common.net.HostAndPort;
import com.google.common.net.InetAddresses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Refuses requests whose {@code Host} is not a name of this server. This protects against DNS rebinding: a foreign web page whose
 * name resolves to this server counts as the same origin in its browser. Only the header {@code Host} shows the foreign name.
 */
// [impl->req~wire-http~1]
final class HostHeaderCheck {

    private static final Path MACHINE = Path.of("/proc/sys/kernel/hostname");

    private final Set<String> names = new TreeSet<>(Set.of("localhost"));

    /** @param configured the address or name that the server listens on */
    HostHeaderCheck(String configured) {
        names.add(configured.toLowerCase(Locale.ROOT));
        try {
            names.add(Files.readString(MACHINE).strip().toLowerCase(Locale.ROOT));
        } catch (IOException e) {
            // Without a known name, the machine cannot be addressed by name.
        }
    }

    /**
     * Requires a name of this server or an IP address.
     *
     * @param header the header Host; null if there is none, which no browser sends
     */
    void require(@Nullable String header) throws HttpProblem {
        if (header == null) {
            return;
        }
        if (!isOurs(header)) {
            throw new HttpProblem(
                    403,
                    "Host: '" + header + "' is not a name of this server (expected: an IP address, "
                            + String.join(", ", names) + ")");
        }
    }

    private boolean isOurs(String header) {
        try {
            String host =
                    HostAndPort.fromString(header).requireBracketsForIPv6().getHost();
            return InetAddresses.isInetAddress(host) || names.contains(host.toLowerCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
