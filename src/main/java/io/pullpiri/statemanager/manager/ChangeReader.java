// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.view.Journal;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads every change once and in order. It starts at the current view, or after an event id that an earlier reader has
 * reached, also in an earlier process. For one thread, which may block in it.
 */
public final class ChangeReader {

    private static final int BATCH = 256;

    private final ChangeFeed feed;
    private final @Nullable View start;
    private EventId last;

    /** The position in the feed; -1 while events are read from the journal, because the feed does not hold them. */
    private long position = -1;

    /** The next events are not kept any more: the caller has to start with a new reader. */
    public static final class GapException extends Exception {

        private static final long serialVersionUID = 1L;

        GapException(String message) {
            super(message);
        }
    }

    /** Starts at the current view. */
    ChangeReader(ChangeFeed feed) {
        ChangeFeed.Start now = feed.start();
        this.feed = feed;
        this.start = now.view();
        this.position = now.position();
        this.last = now.id();
    }

    /** @throws GapException if the id is higher than that of any event so far */
    ChangeReader(ChangeFeed feed, EventId after) throws GapException {
        this.feed = feed;
        this.start = null;
        this.last = after;
        EventId now = feed.start().id();
        if (after.compareTo(now) > 0) {
            throw new GapException("event id " + after + " is not one of this store (its next is " + now + ")");
        }
    }

    /** The view that the events continue; null for a reader that started after an event id. */
    public @Nullable View start() {
        return start;
    }

    /** The id after which a later reader continues: that of the last event that {@link #next} has returned. */
    public EventId last() {
        return last;
    }

    /** Whether {@link #next} is certain to throw {@link GapException}. */
    public boolean isLost() {
        return position >= 0 && feed.isLapped(position);
    }

    /**
     * Returns the next events in order.
     *
     * @param maxWait how long to wait for the first event; reading the journal from the store takes additional time
     * @return empty if no event came in time
     * @throws GapException if some of the events are not kept any more
     * @throws ReadFailedException if the journal has to be read, and the store cannot be read
     */
    public List<Event> next(Duration maxWait) throws GapException, InterruptedException {
        if (position < 0) {
            OptionalLong found = feed.find(last);
            if (found.isEmpty()) {
                return fromJournal();
            }
            position = found.getAsLong();
        }
        try {
            List<Event> events = feed.read(position, BATCH, maxWait);
            position += events.size();
            if (!events.isEmpty()) {
                last = events.getLast().id();
            }
            return events;
        } catch (ChangeFeed.Lapped e) {
            throw new GapException("more events have come since event " + last + " than are kept for a slow reader");
        }
    }

    private List<Event> fromJournal() throws GapException {
        String record = feed.journal(last.sequence());
        List<Transition> changes = record == null ? null : Journal.changes(record);
        if (changes == null) {
            throw new GapException("the changes after event " + last + " are not in the journal any more");
        }
        List<Event> events = ChangeFeed.changes(last.sequence(), changes);
        List<Event> unknown = events.subList(Math.min(last.known(), events.size()), events.size());
        last = new EventId(last.sequence() + 1, 0);
        return List.copyOf(unknown);
    }
}
