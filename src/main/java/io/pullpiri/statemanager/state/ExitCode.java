// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import java.util.Set;

/**
 * Checks exit codes as podman writes them: integers of any length. They are compared as text, because parsing a very long
 * number takes much time.
 */
// [impl->req~con-exit-code~1]
public final class ExitCode {

    /** Clean exit codes fit into an {@code int}. A longer code cannot be one of them. */
    private static final int MAX_CLEAN_DIGITS = 9;

    private ExitCode() {}

    /** Returns whether a text is an integer. An empty text is one, because podman omits a code that is 0. */
    public static boolean isInteger(String text) {
        int digits = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
        for (int i = digits; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return text.isEmpty() || digits < text.length();
    }

    /**
     * Returns whether an exit code is 0 or counts as a clean stop.
     *
     * @param text an integer according to {@link #isInteger}
     */
    public static boolean isClean(String text, Set<Integer> cleanExitCodes) {
        String plain = plain(text);
        return plain.equals("0")
                || (plain.length() <= MAX_CLEAN_DIGITS && cleanExitCodes.contains(Integer.valueOf(plain)));
    }

    /** Returns whether a text is an integer other than 0. */
    public static boolean isOtherThanZero(String text) {
        return isInteger(text) && !plain(text).equals("0");
    }

    /** Removes a plus sign and leading zeros. */
    private static String plain(String text) {
        boolean negative = text.startsWith("-");
        int digits = negative || text.startsWith("+") ? 1 : 0;
        while (digits < text.length() && text.charAt(digits) == '0') {
            digits++;
        }
        if (digits == text.length()) {
            return "0";
        }
        String rest = text.substring(digits);
        return negative ? "-" + rest : rest;
    }
}
