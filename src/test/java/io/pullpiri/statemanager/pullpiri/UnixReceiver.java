package io.pullpiri.statemanager.pullpiri;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The receiving end of a Unix datagram socket, as LogService opens it. */
final class UnixReceiver implements AutoCloseable {

    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int ADDRESS_BYTES = 110;
    private static final int DATAGRAM_BYTES = 8_192;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment buffer = arena.allocate(DATAGRAM_BYTES);
    private final MethodHandle receive = function(
            "recv",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT));
    private final int socket;

    UnixReceiver(Path path) {
        MemorySegment address = arena.allocate(ADDRESS_BYTES);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, 2, bytes.length);
        MethodHandle open = function(
                "socket",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        MethodHandle bind = function(
                "bind",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        try {
            socket = (int) open.invokeExact(AF_UNIX, SOCK_DGRAM, 0);
            int bound = (int) bind.invokeExact(socket, address, ADDRESS_BYTES);
            if (socket < 0 || bound != 0) {
                throw new IllegalStateException("cannot listen on " + path);
            }
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @SuppressWarnings("restricted") // the launcher allows native access
    private static MethodHandle function(String name, FunctionDescriptor signature) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), signature);
    }

    /** The next datagram that has arrived; empty if there is none. A sender's call puts it here before it returns. */
    byte[] receive() {
        try {
            long bytes = (long) receive.invokeExact(socket, buffer, (long) DATAGRAM_BYTES, MSG_DONTWAIT);
            return bytes < 0 ? new byte[0] : buffer.asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            int _ = (int) function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                    .invokeExact(socket);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        arena.close();
    }
}
