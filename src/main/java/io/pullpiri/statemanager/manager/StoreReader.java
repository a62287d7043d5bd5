// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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
import io.pullpiri.statemanager.view.StoreKey.RecordKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the whole store after writing a fence. It reads the journal, writes an empty journal record, the fence, and then reads
 * everything else. A transaction that is still in flight, of an earlier process or of a commit that timed out, requires that
 * this record does not exist. So it was committed before the fence and is read, or it fails.
 */
// [impl->req~sto-fence~1]
final class StoreReader {

    private static final List<String> OTHER_PREFIXES = Stream.of(
                    Keys.WATCHED_PREFIXES.stream(),
                    Arrays.stream(RecordKind.values())
                            .filter(kind -> kind != RecordKind.JOURNAL)
                            .map(RecordKind::prefix),
                    Stream.of(Keys.MIRROR_PREFIX))
            .flatMap(prefixes -> prefixes)
            .toList();

    private final StateStore store;
    private final Ownership ownership;
    private final Duration timeout;
    private final Executor blocking;

    /**
     * The content of the store, and the view that it gives.
     *
     * @param loaded not repaired: it may differ from the rules
     */
    record LoadedStore(Snapshot snapshot, Cascade.Loaded loaded) {}

    /** @param blocking runs reads, which block */
    StoreReader(StateStore store, Ownership ownership, Duration timeout, Executor blocking) {
        this.store = store;
        this.ownership = ownership;
        this.timeout = timeout;
        this.blocking = blocking;
    }

    /**
     * Reads the store, and makes a view from it.
     *
     * @return completes as {@link #read} does
     */
    CompletableFuture<LoadedStore> load(Cascade cascade, Clock clock) {
        return read().thenApply(snapshot -> new LoadedStore(snapshot, cascade.load(snapshot, clock.now())));
    }

    /**
     * Reads all watched keys and all records of StateManager.
     *
     * @return completes with the content, or exceptionally with {@link StoreUnavailableException}; before anything is written,
     *     also with {@link NewerStoreException} or {@link Ownership.OwnershipLostException}
     */
    CompletableFuture<Snapshot> read() {
        return CompletableFuture.supplyAsync(this::begin, blocking).thenCompose(entries -> {
            List<Write> writes = new ArrayList<>();
            StoreFormat.check(entries).ifPresent(writes::add);
            ownership.claim(find(entries, Keys.OWNER)).ifPresent(writes::add);
            List<KeyValue> journal = entries.stream()
                    .filter(entry -> entry.key().startsWith(Keys.JOURNAL_PREFIX))
                    .toList();
            Write fence = Journal.fence(journal);
            writes.add(fence);
            return store.commitAsync(new Transaction(writes), timeout)
                    .thenApplyAsync(result -> readRest(fence, result, journal), blocking);
        });
    }

    /**
     * Reads the journal, the format and the owner at one revision. A server or a newer build that starts after this revision
     * writes the next journal record, so the fence of this one fails.
     */
    private List<KeyValue> begin() {
        ownership.check(); // a server that has lost the store retries often, so it does not read the journal first
        return store.snapshot(List.of(Keys.JOURNAL_PREFIX, Keys.FORMAT, Keys.OWNER))
                .entries();
    }

    private static @Nullable KeyValue find(List<KeyValue> entries, String key) {
        return entries.stream()
                .filter(entry -> entry.key().equals(key))
                .findFirst()
                .orElse(null);
    }

    private Snapshot readRest(Write fence, CommitResult result, List<KeyValue> journal) {
        long revision = switch (result) {
            case CommitResult.Committed committed -> committed.revision();
            case CommitResult.Conflict _,
                    CommitResult.Refused _,
                    CommitResult.Unexplained _,
                    CommitResult.Unavailable _,
                    CommitResult.Unknown _ -> throw unfenced(result.reason());
        };
        ownership.claimed();
        Snapshot rest = store.snapshot(OTHER_PREFIXES);
        List<KeyValue> all = new ArrayList<>(journal);
        all.add(new KeyValue(fence.key(), String.valueOf(fence.value()), revision, revision));
        all.addAll(rest.entries());
        return new Snapshot(rest.revision(), all);
    }

    private static StoreUnavailableException unfenced(String why) {
        return new StoreUnavailableException("no journal record can be written: " + why);
    }
}
