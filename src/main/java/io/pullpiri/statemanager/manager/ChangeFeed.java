// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.view.History;
import io.pullpiri.statemanager.view.Journal;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Holds the view of the last commit and the newest events, for readers. The loop is the only writer, and never waits for a
 * reader. Each {@link ChangeReader} has its own position, and memory is bounded however many readers there are.
 */
public final class ChangeFeed {

    /** The number of events that are kept, if their texts are not too long. A reader that is later than that gets a gap. */
    private static final int KEPT = 1 << 16;

    private final StateStore store;
    private final long maxBytes;
    private final CompletableFuture<Void> firstPublished = new CompletableFuture<>();

    // All guarded by this; the view is also read without the lock.
    private final @Nullable Event[] ring = new Event[KEPT];
    private final List<Event> missed = new ArrayList<>();
    private volatile View view = View.EMPTY;
    private long first;
    private long end;
    private long bytes;

    /** Whether changes were committed since the last view that cannot be published, because they are unknown. */
    private boolean gap;

    /** The sequence number of the first journal record after the last view; -1 before the first view. */
    private long nextRecord = -1;

    /**
     * A view, and the position in the feed of the events that continue it.
     *
     * @param position valid in this process only
     * @param id the id of that position, which stays valid after a restart
     */
    public record Start(View view, long position, EventId id) {}

    /** The events at a reader's position were dropped to make room for newer ones. */
    static final class Lapped extends Exception {

        private static final long serialVersionUID = 1L;
    }

    /** @param maxBytes of memory that the events may take, by an estimate */
    ChangeFeed(StateStore store, long maxBytes) {
        this.store = store;
        this.maxBytes = maxBytes;
    }

    View view() {
        return view;
    }

    /** Whether the store was read and a first view published. */
    boolean isPublished() {
        return firstPublished.isDone();
    }

    CompletableFuture<Optional<View>> firstView(Duration timeout) {
        return firstPublished
                .thenApply(done -> Optional.of(view))
                .completeOnTimeout(Optional.empty(), timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Returns a reader of the current view and of all events from now on. */
    public ChangeReader follow() {
        return new ChangeReader(this);
    }

    /**
     * Returns a reader of all changes after an event, also of an earlier process.
     *
     * @throws ChangeReader.GapException if the id is higher than that of any event so far
     */
    public ChangeReader followAfter(EventId event) throws ChangeReader.GapException {
        return new ChangeReader(this, event);
    }

    /**
     * Returns the recorded changes of a resource, newest first. Reading the stream blocks, and throws {@link
     * ReadFailedException} if the store cannot be read.
     */
    public Stream<Transition> history(History history) {
        return history.newestFirst(this::journal);
    }

    /** Reads the text of a journal record; null if the record was removed. Blocks. */
    @Nullable
    String journal(long sequence) {
        try {
            return store.get(Keys.journal(sequence)).map(KeyValue::value).orElse(null);
        } catch (StoreUnavailableException e) {
            throw new ReadFailedException(e);
        }
    }

    /** Publishes the view after a commit together with its changes. Readers see both or neither. */
    void publish(View next, List<Plan.PlannedTransaction> transactions) {
        setView(next, transactions);
        firstPublished.complete(null);
    }

    private synchronized void setView(View next, List<Plan.PlannedTransaction> transactions) {
        long before = end;
        if (gap) {
            // No position is valid any more, not even that of a reader that has read everything.
            first = ++end;
            Arrays.fill(ring, null);
            bytes = 0;
            gap = false;
        }
        missed.forEach(this::addToRing);
        missed.clear();
        for (Plan.PlannedTransaction planned : transactions) {
            changes(planned.sequence(), planned.transitions()).forEach(this::addToRing);
        }
        view = next;
        nextRecord = next.journal().next();
        if (end != before) {
            notifyAll();
        }
    }

    /**
     * The store was re-read. Changes that were committed since the last view, but whose acknowledgement was lost, are
     * published with the next view. If the journal does not hold them all, every reader gets a gap.
     */
    synchronized void reread(Journal journal, List<KeyValue> entries) {
        missed.clear();
        gap = false;
        if (nextRecord < 0) {
            return; // there is no reader before the first view
        }
        Map<Long, String> records = new HashMap<>();
        entries.stream()
                .filter(entry -> entry.key().startsWith(Keys.JOURNAL_PREFIX))
                .forEach(entry -> records.put(Journal.sequence(entry.key()), entry.value()));
        gap = journal.next() < nextRecord;
        for (long sequence = nextRecord; !gap && sequence < journal.next(); sequence++) {
            String text = records.get(sequence);
            List<Transition> changes = text == null ? null : Journal.changes(text);
            gap = changes == null;
            if (changes != null) {
                missed.addAll(changes(sequence, changes));
            }
        }
        if (gap) {
            missed.clear();
        }
    }

    static List<Event> changes(long sequence, List<Transition> transitions) {
        List<Event> events = new ArrayList<>();
        for (Transition transition : transitions) {
            events.add(new Event.Changed(new EventId(sequence, events.size() + 1), transition));
        }
        return events;
    }

    /** Publishes an event that is not in the journal. Only readers that follow at this time get it. */
    public synchronized void publishUnrecorded(Function<EventId, Event> event) {
        if (nextRecord >= 0) {
            addToRing(event.apply(new EventId(view.journal().next(), 0)));
            notifyAll();
        }
    }

    private void addToRing(Event event) {
        while (end - first >= KEPT || (bytes > maxBytes && first < end)) {
            Event oldest = ring[index(first)];
            ring[index(first++)] = null;
            bytes -= oldest == null ? 0 : oldest.bytes();
        }
        ring[index(end++)] = event;
        bytes += event.bytes();
    }

    private static int index(long position) {
        return (int) (position % KEPT);
    }

    private Event at(long position) {
        return Objects.requireNonNull(ring[index(position)]);
    }

    /** Returns the current view, and the position of the events that continue it. */
    public synchronized Start start() {
        return new Start(view, end, new EventId(view.journal().next(), 0));
    }

    /** Returns the position of the first event after the one with this id; empty if that event is not in memory. */
    synchronized OptionalLong find(EventId after) {
        if (first == end) {
            boolean upToDate = after.sequence() >= view.journal().next();
            return upToDate ? OptionalLong.of(end) : OptionalLong.empty();
        }
        EventId oldest = at(first).id();
        if (after.compareTo(oldest) < 0 && !oldest.equals(new EventId(after.sequence(), after.known() + 1))) {
            return OptionalLong.empty();
        }
        long position = end;
        while (position > first && at(position - 1).id().compareTo(after) > 0) {
            position--;
        }
        return OptionalLong.of(position);
    }

    /**
     * Returns the next events in order.
     *
     * @param maxWait how long to wait for the first event
     * @return empty if no event came in time
     */
    synchronized List<Event> read(long position, int most, Duration maxWait) throws Lapped, InterruptedException {
        long deadline = System.nanoTime() + maxWait.toNanos();
        while (position == end) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return List.of();
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        if (isLapped(position)) {
            throw new Lapped();
        }
        List<Event> events = new ArrayList<>();
        for (long next = position; next < end && events.size() < most; next++) {
            events.add(at(next));
        }
        return events;
    }

    synchronized boolean isLapped(long position) {
        return position < first;
    }
}
