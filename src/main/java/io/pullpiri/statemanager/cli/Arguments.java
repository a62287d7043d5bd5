package io.pullpiri.statemanager.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The arguments as they were given. In a locale that has ASCII only, such as {@code LC_ALL=POSIX}, Java replaces every other
 * character of them; the kernel still has the bytes, and they are taken for UTF-8.
 */
final class Arguments {

    private static final Path GIVEN = Path.of("/proc/self/cmdline");

    private Arguments() {}

    static String[] of(String[] args) {
        if (!"ANSI_X3.4-1968".equals(System.getProperty("sun.jnu.encoding"))) {
            return args;
        }
        try {
            return last(args, Files.readAllBytes(GIVEN));
        } catch (IOException e) {
            return args;
        }
    }

    /** The last arguments of a command line, each of which ends with a zero byte; those of the launcher come before. */
    static String[] last(String[] args, byte[] commandLine) {
        String[] all = new String(commandLine, StandardCharsets.UTF_8).split("\0", -1);
        int end = all.length - 1;
        return end < args.length ? args : Arrays.copyOfRange(all, end - args.length, end);
    }
}
