// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A key-value store with etcd's semantics (see docs/decisions/0001). Each commit has a revision, and each key has the
 * revisions of its creation and of its last write. Transactions compare, then write. A watch starts at a revision.
 *
 * <p>All methods may be called from any thread. All but {@link #commitAsync} and {@link #watch} block until the store has
 * answered or a deadline has passed. A large read has one deadline for each of its pages.
 */
// [impl->req~sto-operations~1]
public interface StateStore extends AutoCloseable {

    /**
     * Reads one key.
     *
     * @return the key's value and revisions; empty if the store has no such key
     * @throws IllegalArgumentException if the key is not one that {@link Keys#requireValid} accepts
     * @throws StoreUnavailableException if the store could not be reached within its deadline
     */
    Optional<KeyValue> get(String key);

    /**
     * Writes one key without a guard.
     *
     * @return the revision of the write
     * @throws IllegalArgumentException if the key is not one that {@link Keys#requireValid} accepts, or key and value have
     *     more than {@link #maxBytes}
     * @throws StoreUnavailableException if the store did not confirm the write, which may nevertheless be stored
     */
    long put(String key, String value);

    /**
     * Reads all keys that start with a prefix, at one revision.
     *
     * @return the keys with their values, ordered by creation
     * @throws StoreUnavailableException if the store could not be reached within its deadline
     */
    List<KeyValue> getAllWithPrefix(String prefix);

    /**
     * Reads all keys that start with any of the prefixes, at one revision.
     *
     * @return the keys with their values, ordered by creation
     * @throws StoreUnavailableException if the store could not be reached within its deadline
     */
    Snapshot snapshot(List<String> prefixes);

    /**
     * Checks all guards and, if every one holds, does all writes at one new revision. Otherwise it writes nothing.
     *
     * @param timeout the time after which an outcome that is not known counts as {@link CommitResult.Unknown}
     * @return always completes, and exceptionally only for a defect: every outcome of a store is a {@link CommitResult}. It may
     *     be complete already. A thread of the network may complete it, so its callbacks must not block
     */
    CompletableFuture<CommitResult> commitAsync(Transaction transaction, Duration timeout);

    /** Commits as {@link #commitAsync} does, and blocks until the outcome is known. */
    default CommitResult commit(Transaction transaction, Duration timeout) {
        return commitAsync(transaction, timeout).join();
    }

    /**
     * Reports every change under the prefixes to the listener, each once, until the watch is closed or lost. Changes under one
     * prefix come in the order of their revisions. With SQLite, changes under all prefixes do.
     *
     * <p>The watch continues after a short disconnection. It is lost if the store has removed the revisions in between
     * (compaction), or if the connection is silent for too long. {@link WatchListener#onLost} then ends it, and the caller
     * takes a new snapshot.
     *
     * @param fromRevision the first revision that is reported
     * @throws IllegalArgumentException if {@code fromRevision} is not positive
     * @throws StoreUnavailableException if the store is closed
     */
    Watch watch(List<String> prefixes, long fromRevision, WatchListener listener);

    /** Returns how many writes one transaction may have. */
    int maxWrites();

    /** Returns how many bytes the keys and values of one transaction may have together. */
    int maxBytes();

    /**
     * Ends all watches without {@link WatchListener#onLost}, and releases files, connections and threads. Later calls fail as
     * if the store were unavailable.
     */
    @Override
    void close();
}
