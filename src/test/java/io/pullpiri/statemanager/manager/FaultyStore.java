// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Prefixes;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.Watch;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.WatchListener;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A real store whose commits and reads fail when a test requests it. */
final class FaultyStore implements StateStore {

    /** The faults of the next commits, one for each. Later commits succeed. */
    enum Fault {
        UNAVAILABLE,
        /** It is committed, but the answer is lost. */
        ANSWER_LOST,
        /** It is not committed, and the outcome is unknown. */
        LOST,
        /** It is not committed, for an unknown reason. */
        UNEXPLAINED,
        /** The store has a defect. */
        THROWN
    }

    private final StateStore store;
    final Queue<Fault> faults = new ConcurrentLinkedQueue<>();
    final AtomicInteger commits = new AtomicInteger();
    final AtomicInteger writes = new AtomicInteger();
    final AtomicInteger reads = new AtomicInteger();

    /** How often the store was checked. */
    final AtomicInteger probes = new AtomicInteger();

    /** How many watches are open. */
    final AtomicInteger watches = new AtomicInteger();

    volatile boolean away;

    /** The size in bytes above which a transaction is refused. */
    volatile int mostBytes = Integer.MAX_VALUE;

    /** A transaction that writes this key is always refused. */
    volatile @Nullable String refused;

    /** A transaction that writes this key is refused for an unknown reason. */
    volatile @Nullable String unexplained;

    /** Whether every transaction is refused for an unknown reason. Reads work. */
    volatile boolean refusing;

    /** The exceptions that the next snapshots and watches throw, one for each. */
    final Queue<RuntimeException> unread = new ConcurrentLinkedQueue<>();

    final Queue<RuntimeException> unwatched = new ConcurrentLinkedQueue<>();

    /** Whether the watch drops all events. */
    volatile boolean mute;

    private volatile @Nullable WatchListener listener;

    /** The revision up to which the watch has reported all events, to the end of the listener's call. */
    private final AtomicLong reported = new AtomicLong();

    /** The newest revision with an event that the watch has to report. */
    private final AtomicLong toReport = new AtomicLong();

    /** Tasks, one of which runs just before each of the next commits. */
    final Queue<Runnable> before = new ConcurrentLinkedQueue<>();

    FaultyStore(StateStore store) {
        this.store = store;
    }

    @Override
    public CompletableFuture<CommitResult> commitAsync(Transaction transaction, Duration timeout) {
        Runnable first = before.poll();
        if (first != null) {
            first.run();
        }
        commits.incrementAndGet();
        writes.addAndGet(transaction.writes().size());
        if (transaction.writes().stream().anyMatch(write -> write.key().equals(refused))) {
            return CompletableFuture.completedFuture(new CommitResult.Refused("forced"));
        }
        if (refusing
                || transaction.writes().stream().anyMatch(write -> write.key().equals(unexplained))) {
            return CompletableFuture.completedFuture(new CommitResult.Unexplained("forced: something new"));
        }
        Fault fault = away ? Fault.UNAVAILABLE : faults.poll();
        if (fault == null) {
            return store.commitAsync(transaction, timeout).thenApply(result -> noted(transaction, result));
        }
        return CompletableFuture.completedFuture(
                switch (fault) {
                    case UNAVAILABLE -> new CommitResult.Unavailable("forced");
                    case UNEXPLAINED -> new CommitResult.Unexplained("forced: something new");
                    case LOST -> new CommitResult.Unknown("forced");
                    case THROWN -> throw new IllegalStateException("forced");
                    case ANSWER_LOST -> {
                        noted(transaction, store.commit(transaction, timeout));
                        yield new CommitResult.Unknown("forced");
                    }
                });
    }

    private CommitResult noted(Transaction transaction, CommitResult result) {
        if (result instanceof CommitResult.Committed committed
                && transaction.writes().stream()
                        .anyMatch(write -> Prefixes.cover(Keys.WATCHED_PREFIXES, write.key())
                                && (write.value() != null || write.expectedRevision() > 0))) {
            toReport.accumulateAndGet(committed.revision(), Math::max);
        }
        return result;
    }

    /** Whether the watch has reported all events, to the end of the listener's call. */
    boolean hasReportedAll() {
        return watches.get() == 0 || reported.get() >= toReport.get();
    }

    @Override
    public Snapshot snapshot(List<String> prefixes) {
        reads.incrementAndGet();
        if (away) {
            throw new StoreUnavailableException("forced");
        }
        throwNext(unread);
        return store.snapshot(prefixes);
    }

    @Override
    public Optional<KeyValue> get(String key) {
        if (away) {
            throw new StoreUnavailableException("forced");
        }
        (key.equals(Keys.OWNER) ? probes : reads).incrementAndGet();
        return store.get(key);
    }

    @Override
    public long put(String key, String value) {
        long revision = store.put(key, value);
        if (Prefixes.cover(Keys.WATCHED_PREFIXES, key)) {
            toReport.accumulateAndGet(revision, Math::max);
        }
        return revision;
    }

    /** Returns the value of an existing key. */
    String value(String key) {
        return store.get(key).orElseThrow().value();
    }

    /** Deletes a key as another component would. */
    void delete(String key) {
        long revision = store.get(key).orElseThrow().modRevision();
        Transaction deletion = new Transaction(List.of(new Transaction.Write(key, null, revision)));
        noted(deletion, store.commit(deletion, Duration.ofSeconds(10)));
    }

    @Override
    public List<KeyValue> getAllWithPrefix(String prefix) {
        reads.incrementAndGet();
        return store.getAllWithPrefix(prefix);
    }

    @Override
    public Watch watch(List<String> prefixes, long fromRevision, WatchListener newListener) {
        throwNext(unwatched);
        Watch watch = store.watch(prefixes, fromRevision, new WatchListener() {

            @Override
            public void onEvents(List<WatchEvent> events) {
                if (!mute) {
                    newListener.onEvents(events);
                }
                reported.accumulateAndGet(events.getLast().revision(), Math::max);
            }

            @Override
            public void onLost(String reason) {
                newListener.onLost(reason);
            }
        });
        listener = newListener;
        reported.accumulateAndGet(fromRevision - 1, Math::max);
        watches.incrementAndGet();
        return () -> {
            watch.close();
            watches.decrementAndGet();
        };
    }

    private static void throwNext(Queue<RuntimeException> failures) {
        RuntimeException failure = failures.poll();
        if (failure != null) {
            throw failure;
        }
    }

    /** Ends the newest watch with a loss. */
    void loseWatch() {
        Objects.requireNonNull(listener).onLost("forced");
    }

    @Override
    public int maxWrites() {
        return store.maxWrites();
    }

    @Override
    public int maxBytes() {
        return Math.min(store.maxBytes(), mostBytes);
    }

    @Override
    public void close() {
        store.close();
    }
}
