// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.util.regex.Pattern;

/** Checks that messages have one line and only printable characters, whatever names they contain. */
public final class OneLine {

    private static final int MOST = 4_000;

    /** Matches a line end. Names in messages may contain Unicode's own line ends, which do not count. */
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Cs}]");

    private OneLine() {}

    /** Fails if the message is empty, too long, or not printable. */
    public static void require(String message) {
        if (message.isBlank()
                || message.length() > MOST
                || UNPRINTABLE.matcher(message).find()) {
            throw new AssertionError("not a printable line: " + message);
        }
    }
}
