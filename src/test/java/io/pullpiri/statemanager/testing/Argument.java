// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

/** Reads arguments from {@code make}, for programs among the tests. */
public final class Argument {

    private Argument() {}

    /** Returns the number. Ends the program with a line on stderr if the text is not a number, or is less than the least. */
    public static long number(String name, String text, long least) {
        return number(name, text, least, "");
    }

    /** @param why the reason for the least, empty if it is obvious */
    public static long number(String name, String text, long least, String why) {
        try {
            long number = Long.parseLong(text);
            if (number >= least) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Reported below.
        }
        throw refused(name, text, "a whole number from " + least + (why.isEmpty() ? "" : ": " + why));
    }

    /** Ends the program with a message. */
    public static Error refused(String name, String text, String expected) {
        System.err.printf("%s: '%s' (expected: %s)%n", name, text, expected);
        System.exit(2);
        return new AssertionError();
    }
}
