// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.Arrays;
import java.util.List;

/**
 * A process that does what systemd does for a socket unit with {@code Restart=always}: it opens a listening socket, starts a
 * command that inherits the socket as standard input, and starts the command again whenever it ends. A test starts it as a
 * process of its own and ends it with SIGTERM, because the socket replaces standard input. It prints {@code socket :PORT} once, and {@code command PID}
 * for each start.
 */
@SuppressWarnings("restricted")
public final class SocketParent {

    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int BACKLOG = 4_096;
    private static final int ADDRESS_BYTES = 16;

    private SocketParent() {}

    /** @param args the command */
    public static void main(String[] args) throws Throwable {
        int port = listenOnStandardInput();
        System.out.println("socket :" + port);
        runForEver(Arrays.asList(args));
    }

    private static void runForEver(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        while (true) {
            Process process = builder.start();
            Thread hook = new Thread(process::destroyForcibly);
            Runtime.getRuntime().addShutdownHook(hook);
            System.out.println("command " + process.pid());
            int code = process.waitFor();
            Runtime.getRuntime().removeShutdownHook(hook);
            System.out.println("ended " + code);
        }
    }

    /** Opens a socket on a free port of 127.0.0.1 as descriptor 0, and returns the port. */
    private static int listenOnStandardInput() throws Throwable {
        int socket = call("socket", AF_INET, SOCK_STREAM, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, Long.BYTES);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_INET);
            byte[] loopback = {127, 0, 0, 1};
            MemorySegment.copy(MemorySegment.ofArray(loopback), 0, address, Integer.BYTES, loopback.length);
            check("bind", (int) function("bind", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT)
                    .invokeExact(socket, address, ADDRESS_BYTES));
        }
        call("listen", socket, BACKLOG);
        call("dup2", socket, 0);
        // Not closed: that would redirect the output of this process.
        ServerSocketChannel channel = (ServerSocketChannel) System.inheritedChannel();
        return ((InetSocketAddress) channel.getLocalAddress()).getPort();
    }

    private static MethodHandle function(String name, MemoryLayout... parameters) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }

    private static int call(String name, int... arguments) throws Throwable {
        MemoryLayout[] parameters = new MemoryLayout[arguments.length];
        Arrays.fill(parameters, ValueLayout.JAVA_INT);
        Object result = function(name, parameters)
                .invokeWithArguments(Arrays.stream(arguments).boxed().toList());
        return check(name, (int) result);
    }

    private static int check(String name, int result) throws IOException {
        if (result < 0) {
            throw new IOException(name + " failed");
        }
        return result;
    }
}
