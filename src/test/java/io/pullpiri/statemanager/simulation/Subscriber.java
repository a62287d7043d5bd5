// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import static io.pullpiri.statemanager.simulation.Witness.require;

import io.pullpiri.statemanager.manager.ChangeFeed;
import io.pullpiri.statemanager.manager.ChangeReader;
import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.manager.EventId;
import io.pullpiri.statemanager.manager.ReadFailedException;
import io.pullpiri.statemanager.simulation.Witness.RecordedChange;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads all changes, also after crashes, and compares them with the recorded ones. */
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

    /** Reads all events that are there. */
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
            throw new Witness.Broken("a subscriber gets a gap, and no day is long enough for one: " + e.getMessage());
        } catch (ReadFailedException e) {
            counts.add("subscriber has to wait for the store");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void next(EventId after, Event.Changed changed) {
        trace.add("event", "%s", changed);
        RecordedChange expected = following(after);
        require(
                expected != null
                        && expected.id().equals(changed.id())
                        && expected.change().equals(changed.change()),
                "after %s a subscriber gets %s (expected: %s)",
                after,
                changed,
                expected);
        counts.add("event received");
    }

    private @Nullable RecordedChange following(EventId place) {
        List<RecordedChange> recorded = witness.recorded();
        int i = recorded.size();
        while (i > 0 && recorded.get(i - 1).id().compareTo(place) > 0) {
            i--;
        }
        return i == recorded.size() ? null : recorded.get(i);
    }

    void requireUpToDate() {
        RecordedChange missing = reader == null ? null : following(reader.last());
        require(missing == null, "quiet: a subscriber never got %s", missing);
    }
}
