package io.pullpiri.statemanager.manager;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A place in the order of all changes: everything before the journal record is known, and so many changes of it. Written
 * {@code 42.3}. It keeps its meaning across restarts.
 */
public record EventId(long sequence, int known) implements Comparable<EventId> {

    private static final Pattern TEXT = Pattern.compile("(\\d{1,18})\\.(\\d{1,9})");
    private static final Comparator<EventId> ORDER =
            Comparator.comparingLong(EventId::sequence).thenComparingInt(EventId::known);

    /** Null for a text that is none. */
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
