package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.Watch;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.WatchListener;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A real store whose commits and reads fail when a test says so. */
final class FaultyStore implements StateStore {

    /** What happens to the next commits, one each; then all is well again. */
    enum Fault {
        UNAVAILABLE,
        /** It is committed, but the answer is lost. */
        ANSWER_LOST,
        /** It is not committed, and nobody can tell. */
        LOST,
        /** The store has a defect. */
        THROWN
    }

    private final StateStore store;
    final Queue<Fault> faults = new ConcurrentLinkedQueue<>();
    final AtomicInteger commits = new AtomicInteger();
    final AtomicInteger writes = new AtomicInteger();
    final AtomicInteger reads = new AtomicInteger();
    volatile boolean away;

    /** The revision up to which the watch has told, to the end. */
    volatile long told;

    /** Done once, just before the next commit. */
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
        Fault fault = away ? Fault.UNAVAILABLE : faults.poll();
        if (fault == null) {
            return store.commitAsync(transaction, timeout);
        }
        return CompletableFuture.completedFuture(
                switch (fault) {
                    case UNAVAILABLE -> new CommitResult.Unavailable("forced");
                    case LOST -> new CommitResult.Unknown("forced");
                    case THROWN -> throw new IllegalStateException("forced");
                    case ANSWER_LOST -> {
                        store.commit(transaction, timeout);
                        yield new CommitResult.Unknown("forced");
                    }
                });
    }

    @Override
    public Snapshot snapshot(List<String> prefixes) {
        reads.incrementAndGet();
        if (away) {
            throw new StoreUnavailableException("forced");
        }
        return store.snapshot(prefixes);
    }

    @Override
    public Optional<KeyValue> get(String key) {
        if (away) {
            throw new StoreUnavailableException("forced");
        }
        if (!key.equals(Keys.PROBE)) {
            reads.incrementAndGet();
        }
        return store.get(key);
    }

    @Override
    public long put(String key, String value) {
        return store.put(key, value);
    }

    @Override
    public List<KeyValue> getAllWithPrefix(String prefix) {
        reads.incrementAndGet();
        return store.getAllWithPrefix(prefix);
    }

    @Override
    public Watch watch(List<String> prefixes, long fromRevision, WatchListener listener) {
        return store.watch(prefixes, fromRevision, new WatchListener() {

            @Override
            public void onEvents(List<WatchEvent> events) {
                listener.onEvents(events);
                told = events.getLast().revision();
            }

            @Override
            public void onLost(String reason) {
                listener.onLost(reason);
            }
        });
    }

    @Override
    public int maxWrites() {
        return store.maxWrites();
    }

    @Override
    public int maxBytes() {
        return store.maxBytes();
    }

    @Override
    public void close() {
        store.close();
    }
}
