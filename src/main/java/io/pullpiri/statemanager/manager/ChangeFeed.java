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
 * The view of the last commit and the newest events that led to it, for whoever follows them. One writer, the loop, which
 * never waits for a reader; any number of readers, each with a place of its own. The memory does not grow with either.
 */
public final class ChangeFeed {

    /** Events that are kept, if their texts are not too long; who falls further behind is told so. */
    private static final int KEPT = 1 << 16;

    private final StateStore store;
    private final long maxBytes;
    private final CompletableFuture<Void> firstPublished = new CompletableFuture<>();

    // All guarded by this, but for readers of the view.
    private final @Nullable Event[] ring = new Event[KEPT];
    private final List<Event> missed = new ArrayList<>();
    private volatile View view = View.EMPTY;
    private long first;
    private long end;
    private long bytes;

    /** Whether something was committed since the last view that cannot be told. */
    private boolean gap;

    /** The first journal record behind the last view; -1 as long as there was none. */
    private long nextRecord = -1;

    /**
     * A view and the place in the feed from which the events continue it.
     *
     * @param position in the feed
     * @param id the same place, in words that outlive this process
     */
    public record Start(View view, long position, EventId id) {}

    /** A reader's place is gone: more has happened since than is kept. */
    static final class Lapped extends Exception {

        private static final long serialVersionUID = 1L;
    }

    /** @param maxBytes of memory that the events may take, about */
    ChangeFeed(StateStore store, long maxBytes) {
        this.store = store;
        this.maxBytes = maxBytes;
    }

    View view() {
        return view;
    }

    /** Whether the store was read, and there is a view of it. */
    boolean isPublished() {
        return firstPublished.isDone();
    }

    CompletableFuture<Optional<View>> firstView(Duration timeout) {
        return firstPublished
                .thenApply(done -> Optional.of(view))
                .completeOnTimeout(Optional.empty(), timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Reads all changes from now on. */
    public ChangeReader follow() {
        return new ChangeReader(this);
    }

    /**
     * Reads all changes after an event.
     *
     * @throws ChangeReader.GapException if there is no such event yet
     */
    public ChangeReader followAfter(EventId event) throws ChangeReader.GapException {
        return new ChangeReader(this, event);
    }

    /**
     * The changes of a resource that are still recorded, newest first; blocks while the stream is read.
     *
     * @throws StoreAwayException from the stream
     */
    public Stream<Transition> history(History history) {
        return history.newestFirst(this::journal);
    }

    /** The text of a journal record, null if it is gone; blocks. */
    @Nullable
    String journal(long sequence) {
        try {
            return store.get(Keys.journal(sequence)).map(KeyValue::value).orElse(null);
        } catch (StoreUnavailableException e) {
            throw new StoreAwayException(e);
        }
    }

    /** A commit is done: the view that follows, and what has changed. Readers see both or neither. */
    void publish(View next, List<Plan.PlannedTransaction> parts) {
        append(next, parts);
        firstPublished.complete(null);
    }

    private synchronized void append(View next, List<Plan.PlannedTransaction> parts) {
        long before = end;
        if (gap) {
            // Nobody's place is any good: that of a reader who has read everything neither.
            first = ++end;
            Arrays.fill(ring, null);
            bytes = 0;
            gap = false;
        }
        missed.forEach(this::append);
        missed.clear();
        for (Plan.PlannedTransaction part : parts) {
            changes(part.sequence(), part.transitions()).forEach(this::append);
        }
        view = next;
        nextRecord = next.journal().next();
        if (end != before) {
            notifyAll();
        }
    }

    /**
     * The store was read anew: what was committed since the last view without our knowing (the answer was lost) is
     * published with the next one. Where that cannot be told, all readers will have to begin anew.
     */
    synchronized void reread(Journal journal, List<KeyValue> entries) {
        missed.clear();
        gap = false;
        if (nextRecord < 0) {
            return; // nobody has read anything yet
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

    /** What is no change of a state and in no journal: only those hear of it who follow now. */
    public synchronized void append(Function<EventId, Event> event) {
        if (nextRecord >= 0) {
            append(event.apply(new EventId(view.journal().next(), 0)));
            notifyAll();
        }
    }

    private void append(Event event) {
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

    /** What is, and where the events continue it. */
    public synchronized Start start() {
        return new Start(view, end, new EventId(view.journal().next(), 0));
    }

    /** The position of the first event behind a place; empty if what comes next is not here (any more). */
    synchronized OptionalLong find(EventId place) {
        if (first == end) {
            boolean upToDate = place.sequence() >= view.journal().next();
            return upToDate ? OptionalLong.of(end) : OptionalLong.empty();
        }
        EventId oldest = at(first).id();
        if (place.compareTo(oldest) < 0 && !oldest.equals(new EventId(place.sequence(), place.known() + 1))) {
            return OptionalLong.empty();
        }
        long position = end;
        while (position > first && at(position - 1).id().compareTo(place) > 0) {
            position--;
        }
        return OptionalLong.of(position);
    }

    /**
     * The next events, in order.
     *
     * @param patience how long to wait for the first
     * @return none if there was none in time
     */
    synchronized List<Event> read(long position, int most, Duration patience) throws Lapped, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
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
