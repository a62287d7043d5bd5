package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.view.Journal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the store behind a fence: the journal, then an empty record is written as its next, then all else is read. What an
 * earlier life, or a commit that was given up, has still on its way wants that this record is not there: either it has come
 * before and is read, or it comes too late.
 */
final class StoreReader {

    private static final List<String> ALL_ELSE = Stream.concat(
                    Keys.WATCHED_PREFIXES.stream(), Stream.of(Keys.RECONCILE_PREFIX, Keys.NODE_PREFIX))
            .toList();

    private final StateStore store;
    private final Ownership ownership;
    private final Duration timeout;
    private final Executor waiting;

    /**
     * A store as it was read, and the view that it gives.
     *
     * @param loaded what the rules do not allow is still in it
     */
    record LoadedStore(Snapshot snapshot, Cascade.Loaded loaded) {}

    /** @param waiting runs what waits for an answer of the store */
    StoreReader(StateStore store, Ownership ownership, Duration timeout, Executor waiting) {
        this.store = store;
        this.ownership = ownership;
        this.timeout = timeout;
        this.waiting = waiting;
    }

    /**
     * Reads the store, and makes a view of it.
     *
     * @return completes as {@link #read} does
     */
    CompletableFuture<LoadedStore> load(Cascade cascade, Clock clock) {
        return read().thenApply(snapshot -> new LoadedStore(snapshot, cascade.load(snapshot, clock.now())));
    }

    /**
     * @return completes with all keys of ours and of those that we watch, with {@link StoreUnavailableException}, or, before
     *     anything is written, with {@link NewerStoreException} or {@link Ownership.OwnershipLostException}
     */
    CompletableFuture<Snapshot> read() {
        return CompletableFuture.supplyAsync(this::begin, waiting).thenCompose(entries -> {
            List<Write> writes = new ArrayList<>();
            StoreFormat.check(entries).ifPresent(writes::add);
            ownership.claim(find(entries, Keys.OWNER)).ifPresent(writes::add);
            List<KeyValue> journal = entries.stream()
                    .filter(entry -> entry.key().startsWith(Keys.JOURNAL_PREFIX))
                    .toList();
            Write fence = Journal.fence(journal);
            writes.add(fence);
            return store.commitAsync(new Transaction(writes), timeout)
                    .thenApplyAsync(result -> behind(fence, result, journal), waiting);
        });
    }

    /** All at one revision: another server or a newer build that comes in between takes the fence's place. */
    private List<KeyValue> begin() {
        ownership.check(); // a server that has lost the store asks often, and does not need the journal for it
        return store.snapshot(List.of(Keys.JOURNAL_PREFIX, Keys.FORMAT, Keys.OWNER))
                .entries();
    }

    private static @Nullable KeyValue find(List<KeyValue> entries, String key) {
        return entries.stream()
                .filter(entry -> entry.key().equals(key))
                .findFirst()
                .orElse(null);
    }

    private Snapshot behind(Write fence, CommitResult result, List<KeyValue> journal) {
        long revision = switch (result) {
            case CommitResult.Committed committed -> committed.revision();
            case CommitResult.Conflict _,
                    CommitResult.Refused _,
                    CommitResult.Unexplained _,
                    CommitResult.Unavailable _,
                    CommitResult.Unknown _ -> throw unfenced(result.reason());
        };
        ownership.claimed();
        Snapshot rest = store.snapshot(ALL_ELSE);
        List<KeyValue> all = new ArrayList<>(journal);
        all.add(new KeyValue(fence.key(), String.valueOf(fence.value()), revision, revision));
        all.addAll(rest.entries());
        return new Snapshot(rest.revision(), all);
    }

    private static StoreUnavailableException unfenced(String why) {
        return new StoreUnavailableException("no journal record can be written: " + why);
    }
}
