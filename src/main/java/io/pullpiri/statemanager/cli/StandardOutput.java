// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Asks the system about standard output. Java itself detects a pipe without a reader only when it writes. */
final class StandardOutput {

    private static final int DESCRIPTOR = 1;
    /** POLLERR, POLLHUP and POLLNVAL, which Linux reports without a request for them. */
    private static final int GONE = 0x08 | 0x10 | 0x20;

    private static final MethodHandle POLL = poll();

    private StandardOutput() {}

    /** Returns whether the reader of the pipe is gone, so that no output can reach it. */
    static boolean isClosed() {
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd: an int, and two shorts for the requested and the returned events.
            MemorySegment asked = arena.allocate(8, 4);
            asked.set(ValueLayout.JAVA_INT, 0, DESCRIPTOR);
            int answers = (int) POLL.invokeExact(asked, 1L, 0);
            return answers > 0 && (asked.get(ValueLayout.JAVA_SHORT, 6) & GONE) != 0;
        } catch (Throwable e) {
            throw new IllegalStateException("poll", e);
        }
    }

    @SuppressWarnings("restricted") // allowed in tools/java.options
    private static MethodHandle poll() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("poll"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    }
}
