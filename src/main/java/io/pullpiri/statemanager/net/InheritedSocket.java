// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.net;

import com.google.common.net.HostAndPort;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the listening socket that the parent process passes on, such as systemd for a socket unit. It comes as standard input
 * ({@code StandardInput=socket}), or as descriptor 3 with the variables {@code LISTEN_FDS} and {@code LISTEN_PID}. Java takes
 * standard input only, so descriptor 3 is duplicated there.
 */
public final class InheritedSocket {

    private static final String PROCESS = "LISTEN_PID";
    private static final String COUNT = "LISTEN_FDS";
    private static final int FIRST_PASSED = 3;

    private InheritedSocket() {}

    /**
     * Returns the socket; null if the parent passes none. The JVM keeps it open until it ends, and closing it would redirect
     * the output of the process to {@code /dev/null}. Call this once, before standard input is read.
     *
     * @param environment all environment variables of the process
     * @throws IOException if more than one socket is passed, or the one that is passed cannot be used
     */
    public static @Nullable ServerSocketChannel find(Map<String, String> environment) throws IOException {
        if (Long.toString(ProcessHandle.current().pid()).equals(environment.get(PROCESS))) {
            String count = environment.getOrDefault(COUNT, "");
            if (!count.equals("1")) {
                throw new IOException(
                        COUNT + ": '" + count + "' (expected: 1, the socket of port 47006; remove the others)");
            }
            duplicateToStandardInput(FIRST_PASSED);
        }
        return System.inheritedChannel() instanceof ServerSocketChannel socket
                        && socket.getLocalAddress() instanceof InetSocketAddress
                ? socket
                : null;
    }

    /** Returns the address and the port of a socket, such as {@code 0.0.0.0:47006}. */
    public static String describe(ServerSocketChannel socket) throws IOException {
        return socket.getLocalAddress() instanceof InetSocketAddress address
                ? HostAndPort.fromParts(address.getAddress().getHostAddress(), address.getPort())
                        .toString()
                : "an unknown address";
    }

    @SuppressWarnings("restricted") // dup2 has no pointers
    private static void duplicateToStandardInput(int descriptor) throws IOException {
        Linker linker = Linker.nativeLinker();
        MethodHandle dup2 = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("dup2"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        int result;
        try {
            result = (int) dup2.invokeExact(descriptor, 0);
        } catch (Throwable e) {
            throw new IllegalStateException("dup2 cannot be called", e);
        }
        if (result < 0) {
            throw new IOException(COUNT + ": descriptor " + descriptor + " is not open (expected: a listening socket)");
        }
    }
}
