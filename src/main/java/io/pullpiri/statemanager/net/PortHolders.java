// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.net;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds which sockets of this machine have a local port, by Linux' /proc. */
final class PortHolders {

    /** The states of a TCP socket, as the kernel numbers them. */
    private static final Map<String, String> STATES = Map.of(
            "01", "ESTABLISHED",
            "02", "SYN_SENT",
            "03", "SYN_RECV",
            "04", "FIN_WAIT1",
            "05", "FIN_WAIT2",
            "06", "TIME_WAIT",
            "08", "CLOSE_WAIT",
            "09", "LAST_ACK",
            "0A", "LISTEN",
            "0B", "CLOSING");

    private static final Splitter FIELDS = Splitter.on(' ').omitEmptyStrings();
    private static final int LOCAL_ADDRESS = 1;
    private static final int STATE = 3;
    private static final int INODE = 9;

    private PortHolders() {}

    /**
     * A socket.
     *
     * @param process its process, such as {@code 4711 (java)}; null if it has none, or if this user may not see it
     */
    record PortHolder(String state, @Nullable String process) {

        boolean isListening() {
            return state.equals("LISTEN");
        }

        private String description() {
            return process == null ? "a socket in state " + state : "process " + process + ", " + state;
        }
    }

    /** For the end of a message; empty if nothing was found. */
    static String describe(List<PortHolder> holders) {
        return holders.isEmpty()
                ? ""
                : holders.stream()
                        .map(PortHolder::description)
                        .distinct()
                        .limit(3)
                        .collect(Collectors.joining("; ", " by ", ""));
    }

    /**
     * Finds the sockets that have a local port.
     *
     * @param proc {@code /proc}
     * @return none where /proc cannot be read
     */
    static List<PortHolder> find(Path proc, int port) {
        List<PortHolder> holders = new ArrayList<>();
        for (String table : List.of("net/tcp", "net/tcp6")) {
            for (String line : lines(proc.resolve(table))) {
                List<String> fields = FIELDS.splitToList(line);
                if (fields.size() > INODE && fields.get(LOCAL_ADDRESS).endsWith(":%04X".formatted(port))) {
                    String state = fields.get(STATE);
                    String inode = fields.get(INODE);
                    holders.add(new PortHolder(
                            STATES.getOrDefault(state, state), inode.equals("0") ? null : process(proc, inode)));
                }
            }
        }
        return holders;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }

    private static @Nullable String process(Path proc, String inode) {
        String socket = "socket:[" + inode + "]";
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path process : processes) {
                if (hasOpen(process, socket)) {
                    String name = String.join("", lines(process.resolve("comm")));
                    return process.getFileName() + " (" + name + ")";
                }
            }
        } catch (IOException e) {
            return null;
        }
        return null;
    }

    private static boolean hasOpen(Path process, String socket) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : descriptors) {
                if (Files.readSymbolicLink(descriptor).toString().equals(socket)) {
                    return true;
                }
            }
        } catch (IOException e) {
            return false; // of another user, or gone
        }
        return false;
    }
}
