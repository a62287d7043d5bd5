package io.pullpiri.statemanager.simulation;

import static io.pullpiri.statemanager.simulation.Witness.require;

import io.pullpiri.statemanager.manager.ChangeFeed;
import io.pullpiri.statemanager.manager.ChangeReader;
import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.manager.EventId;
import io.pullpiri.statemanager.manager.StoreAwayException;
import io.pullpiri.statemanager.simulation.Witness.Told;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Follows all changes, through crashes too, and compares what it is told with what was recorded. */
final class Subscriber {

    private final Witness witness;
    private final Counts counts;
    private final Trace trace;
    private @Nullable ChangeReader reader;
    private @Nullable EventId last;

    Subscriber(Witness witness, Counts counts, Trace trace) {
        this.witness = witness;
        this.counts = counts;
        this.trace = trace;
    }

    void disconnected() {
        if (reader != null) {
            last = reader.last();
            reader = null;
        }
    }

    /** Reads all there is. */
    void read(ChangeFeed feed) {
        String begins = "subscriber went on";
        try {
            if (reader == null) {
                reader = last == null ? feed.follow() : feed.followAfter(last);
                begins = last == null ? "subscriber began" : "subscriber resumed";
            }
            EventId place = reader.last();
            List<Event> events = reader.next(Duration.ZERO);
            counts.add(begins);
            while (!events.isEmpty() || !reader.last().equals(place)) {
                for (Event event : events) {
                    if (event instanceof Event.Changed changed) {
                        next(place, changed);
                        place = changed.id();
                    }
                }
                place = reader.last();
                events = reader.next(Duration.ZERO);
            }
        } catch (ChangeReader.GapException e) {
            throw new Witness.Broken(
                    "a subscriber is told of a loss, and no day is long enough for one: " + e.getMessage());
        } catch (StoreAwayException e) {
            counts.add("subscriber has to wait for the store");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void next(EventId after, Event.Changed changed) {
        trace.tell("event", "%s", changed);
        Told expected = following(after);
        require(
                expected != null
                        && expected.id().equals(changed.id())
                        && expected.change().equals(changed.change()),
                "after %s a subscriber is told %s (expected: %s)",
                after,
                changed,
                expected);
        counts.add("event told");
    }

    private @Nullable Told following(EventId place) {
        List<Told> told = witness.told();
        int i = told.size();
        while (i > 0 && told.get(i - 1).id().compareTo(place) > 0) {
            i--;
        }
        return i == told.size() ? null : told.get(i);
    }

    void requireUpToDate() {
        Told missing = reader == null ? null : following(reader.last());
        require(missing == null, "quiet: a subscriber was never told of %s", missing);
    }
}
