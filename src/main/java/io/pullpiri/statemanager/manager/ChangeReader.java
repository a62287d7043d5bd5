package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.view.Journal;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads every change once and in order: from the present view on, or from where an earlier follower, perhaps of an earlier
 * process, has stopped. For one thread, which may wait in it.
 */
public final class ChangeReader {

    private static final int BATCH = 256;

    private final ChangeFeed feed;
    private final @Nullable View start;
    private EventId last;

    /** -1 while it reads what the feed does not have from the journal. */
    private long position = -1;

    /** What comes next is not known any more: begin anew. */
    public static final class GapException extends Exception {

        private static final long serialVersionUID = 1L;

        GapException(String message) {
            super(message);
        }
    }

    /** From now on. */
    ChangeReader(ChangeFeed feed) {
        ChangeFeed.Start now = feed.start();
        this.feed = feed;
        this.start = now.view();
        this.position = now.position();
        this.last = now.id();
    }

    /** @throws GapException if there is no such place yet */
    ChangeReader(ChangeFeed feed, EventId after) throws GapException {
        this.feed = feed;
        this.start = null;
        this.last = after;
        EventId now = feed.start().id();
        if (after.compareTo(now) > 0) {
            throw new GapException("event id " + after + " is none of this store (its next is " + now + ")");
        }
    }

    /** The view that the events continue; null if they continue what an earlier follower has read. */
    public @Nullable View start() {
        return start;
    }

    /** The place behind everything that {@link #next} has returned. */
    public EventId last() {
        return last;
    }

    /** Whether the next call of {@link #next} can only fail. */
    public boolean isLost() {
        return position >= 0 && feed.isLapped(position);
    }

    /**
     * The next events, in order.
     *
     * @param patience how long to wait for the first; what has to be read from the store takes its own time
     * @return none if there was none in time
     * @throws GapException if some of them are not known any more
     * @throws StoreAwayException if they have to be read from the store
     */
    public List<Event> next(Duration patience) throws GapException, InterruptedException {
        if (position < 0) {
            OptionalLong found = feed.find(last);
            if (found.isEmpty()) {
                return fromJournal();
            }
            position = found.getAsLong();
        }
        try {
            List<Event> events = feed.read(position, BATCH, patience);
            position += events.size();
            if (!events.isEmpty()) {
                last = events.getLast().id();
            }
            return events;
        } catch (ChangeFeed.Lapped e) {
            throw new GapException("more has happened since event " + last + " than is kept for a slow reader");
        }
    }

    private List<Event> fromJournal() throws GapException {
        String record = feed.journal(last.sequence());
        List<Transition> changes = record == null ? null : Journal.changes(record);
        if (changes == null) {
            throw new GapException("what came after event " + last + " is not in the journal any more");
        }
        List<Event> events = ChangeFeed.changes(last.sequence(), changes);
        List<Event> unknown = events.subList(Math.min(last.known(), events.size()), events.size());
        last = new EventId(last.sequence() + 1, 0);
        return List.copyOf(unknown);
    }
}
