// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Restores the arguments in a locale that has ASCII only, such as {@code LC_ALL=POSIX}. There Java replaces every other
 * character, so the bytes are read from the kernel and decoded as UTF-8. See docs/decisions/0016.
 */
final class Arguments {

    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

    private Arguments() {}

    /** Returns the arguments as the user typed them. */
    static String[] of(String[] args) {
        if (!"ANSI_X3.4-1968".equals(System.getProperty("sun.jnu.encoding"))) {
            return args;
        }
        try {
            return last(args, Files.readAllBytes(COMMAND_LINE));
        } catch (IOException e) {
            return args;
        }
    }

    /**
     * Returns the last arguments of a command line, as many as {@code args}. Each one ends with a zero byte. The arguments
     * of the launcher come first.
     */
    static String[] last(String[] args, byte[] commandLine) {
        String[] all = new String(commandLine, StandardCharsets.UTF_8).split("\0", -1);
        int end = all.length - 1;
        return end < args.length ? args : Arrays.copyOfRange(all, end - args.length, end);
    }
}
