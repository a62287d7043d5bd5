// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A position in the order of all changes, written {@code 42.3}. It stays valid after a restart.
 *
 * @param sequence a reader at this position knows all changes of the journal records before this one
 * @param known how many changes of this record the reader knows
 */
public record EventId(long sequence, int known) implements Comparable<EventId> {

    private static final Pattern TEXT = Pattern.compile("(\\d{1,18})\\.(\\d{1,9})");
    private static final Comparator<EventId> ORDER =
            Comparator.comparingLong(EventId::sequence).thenComparingInt(EventId::known);

    /** Parses an id; null if the text is not one. */
    public static @Nullable EventId parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        return matcher.matches()
                ? new EventId(Long.parseLong(matcher.group(1)), Integer.parseInt(matcher.group(2)))
                : null;
    }

    @Override
    public int compareTo(EventId other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return sequence + "." + known;
    }
}
