// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Reads facts about a process from {@code /proc}. */
public final class Proc {

    private Proc() {}

    /**
     * Returns the number in a line of a file of {@code /proc/PID}: {@code VmRSS} of {@code status} in kB, {@code Pss} of {@code
     * smaps_rollup} in kB.
     */
    public static double number(long pid, String file, String field) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid, file))) {
            return lines.filter(line -> line.startsWith(field + ":"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a stop signal has reached all threads of a process. */
    public static boolean isStopped(long pid) {
        try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid, "task"))) {
            return threads.allMatch(Proc::isThreadStopped);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns a thread's state: the letter after its name, which is in brackets and may contain any character. */
    private static boolean isThreadStopped(Path thread) {
        try {
            String stat = Files.readString(thread.resolve("stat"));
            return stat.startsWith(" T", stat.lastIndexOf(')') + 1);
        } catch (IOException e) {
            // The thread has ended, and another one may have started.
            return false;
        }
    }
}
