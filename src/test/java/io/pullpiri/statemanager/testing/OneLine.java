package io.pullpiri.statemanager.testing;

import java.util.regex.Pattern;

/** What people are told is on one line and can be printed, whatever it quotes. */
public final class OneLine {

    private static final int MOST = 4_000;

    /** Names may have Unicode's own ends of lines, and stand in what is said as they are. */
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Cs}]");

    private OneLine() {}

    public static void require(String words) {
        if (words.isBlank()
                || words.length() > MOST
                || UNPRINTABLE.matcher(words).find()) {
            throw new AssertionError("not for people, on one line: " + words);
        }
    }
}
