// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.net;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * Sends datagrams to a Unix socket of Linux, which Java's own channels cannot. Never waits: what the receiver has no room
 * for is lost. For one thread.
 */
public final class UnixDatagrams implements AutoCloseable {

    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;

    /** The size of sun_path in struct sockaddr_un, with the zero at its end. */
    private static final int MAX_PATH_BYTES = 108;

    private static final int FAMILY_BYTES = 2;

    private final Arena arena = Arena.ofShared();
    private final MethodHandle sendTo;
    private final MethodHandle close;
    private final MemorySegment buffer;
    private final MemorySegment address;
    private final int socket;

    /**
     * @param receiver the path of the receiver's socket, which need not exist yet; an abstract name begins with {@code @}
     * @param maxBytes of a datagram
     * @throws IllegalArgumentException if the path is longer than a socket's may be
     * @throws UnsupportedOperationException if there are no such sockets here
     */
    public UnixDatagrams(String receiver, int maxBytes) {
        byte[] path = receiver.getBytes(StandardCharsets.UTF_8);
        if (path.length == 0 || path.length >= MAX_PATH_BYTES) {
            throw new IllegalArgumentException(
                    "path: has " + path.length + " bytes (expected: 1.." + (MAX_PATH_BYTES - 1) + "): " + receiver);
        }
        sendTo = function(
                "sendto",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT));
        close = function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        buffer = arena.allocate(maxBytes);
        boolean isAbstract = receiver.startsWith("@");
        // The length of an abstract name counts, and its first byte is zero. A path ends with a zero.
        address = arena.allocate(FAMILY_BYTES + path.length + (isAbstract ? 0L : 1L));
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, FAMILY_BYTES, path.length);
        if (isAbstract) {
            address.set(ValueLayout.JAVA_BYTE, FAMILY_BYTES, (byte) 0);
        }
        MethodHandle open = function(
                "socket",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try {
            socket = (int) open.invokeExact(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        if (socket < 0) {
            throw new UnsupportedOperationException("no Unix datagram socket can be opened");
        }
    }

    @SuppressWarnings("restricted") // the launcher allows native access
    private static MethodHandle function(String name, FunctionDescriptor signature) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup()
                        .find(name)
                        .orElseThrow(() -> new UnsupportedOperationException("no function " + name)),
                signature);
    }

    /**
     * Sends one datagram.
     *
     * @return false if it is lost: there is no receiver, or it has no room
     */
    public boolean send(byte[] datagram) {
        MemorySegment.copy(datagram, 0, buffer, ValueLayout.JAVA_BYTE, 0, datagram.length);
        try {
            long sent = (long) sendTo.invokeExact(
                    socket, buffer, (long) datagram.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, (int)
                            address.byteSize());
            return sent == datagram.length;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            int _ = (int) close.invokeExact(socket);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        arena.close();
    }
}
