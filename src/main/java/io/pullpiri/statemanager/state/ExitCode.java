package io.pullpiri.statemanager.state;

import java.util.Set;

/**
 * How a process ended, as podman writes it: any integer, however large. It is compared as text, so that a long one costs
 * no arithmetic.
 */
// [impl->req~con-exit-code~1]
public final class ExitCode {

    /** All of them fit into an {@code int}. */
    private static final int MAX_CLEAN_DIGITS = 9;

    private ExitCode() {}

    /** Whether a text is an integer; an empty one is: podman leaves out a code that is 0. */
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
     * Whether an exit code is 0 or one of those that count as a clean stop.
     *
     * @param text for which {@link #isInteger} is true
     */
    public static boolean isClean(String text, Set<Integer> cleanExitCodes) {
        String plain = plain(text);
        return plain.equals("0")
                || (plain.length() <= MAX_CLEAN_DIGITS && cleanExitCodes.contains(Integer.valueOf(plain)));
    }

    /** Whether a text is an integer and not 0. */
    public static boolean isOtherThanZero(String text) {
        return isInteger(text) && !plain(text).equals("0");
    }

    /** Without a plus sign and without zeros in front. */
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
