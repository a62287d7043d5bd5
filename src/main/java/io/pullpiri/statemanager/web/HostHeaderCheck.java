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
 * The names that requests may be addressed to. A stranger's page whose name is made to point here (DNS rebinding) is, for
 * its browser, one of ours; only the name that it asks for tells it from them.
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
            // A machine that does not tell its name is not asked for by it.
        }
    }

    /** @param header Host; null if there is none, as no browser does it */
    void require(@Nullable String header) throws HttpProblem {
        if (header == null) {
            return;
        }
        if (!isOurs(header)) {
            throw new HttpProblem(
                    403,
                    "Host: '" + header + "' is no name of this server (expected: an IP address, "
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
