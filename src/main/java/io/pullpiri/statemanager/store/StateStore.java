package io.pullpiri.statemanager.store;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A key-value store with etcd's semantics: one revision per commit, a create and a modification revision per key,
 * compare-then-write transactions, and a watch from a revision. {@code get}, {@code put} and {@code getAllWithPrefix}
 * are the operations of the seed's section 5.
 *
 * <p>Every call but {@link #commitAsync} and {@link #watch} blocks until the store has answered or its deadline has passed
 * (a large read: the deadline of each of its pages); all methods may be called from any thread.
 */
// [impl->req~sto-operations~1]
public interface StateStore extends AutoCloseable {

    /**
     * @return the key's value and revisions; empty where the store has no such key, which is no error
     * @throws IllegalArgumentException if the key is not one that {@link Keys#requireValid} accepts
     * @throws StoreUnavailableException if the store could not be reached within its deadline
     */
    Optional<KeyValue> get(String key);

    /**
     * Writes one key without comparing anything.
     *
     * @return the revision of the write
     * @throws IllegalArgumentException if the key is not one that {@link Keys#requireValid} accepts, or key and value have
     *     more than {@link #maxBytes}
     * @throws StoreUnavailableException if the store did not confirm the write; it may have happened all the same
     */
    long put(String key, String value);

    /**
     * @return the keys that start with the prefix, with their values, in the order of their creation, all of one revision
     * @throws StoreUnavailableException if the store could not be reached within its deadline
     */
    List<KeyValue> getAllWithPrefix(String prefix);

    /**
     * @return every key under any of the prefixes, all of one revision, in the order of their creation
     * @throws StoreUnavailableException if the store could not be reached within its deadline
     */
    Snapshot snapshot(List<String> prefixes);

    /**
     * Compares all guards and, if every one holds, does all writes at one new revision; otherwise does nothing.
     *
     * @param timeout when the caller stops waiting; what is not known by then is {@link CommitResult.Unknown}
     * @return always completes, and never exceptionally for what a store can do: every outcome is a {@link CommitResult}. It
     *     may be complete already, or be completed by a thread of the network, which may not wait
     */
    CompletableFuture<CommitResult> commitAsync(Transaction transaction, Duration timeout);

    /** The same for whoever may wait. */
    default CommitResult commit(Transaction transaction, Duration timeout) {
        return commitAsync(transaction, timeout).join();
    }

    /**
     * Tells the listener of every change under the prefixes from {@code fromRevision} on (inclusive), none twice and none
     * missing, in the order of revisions within each prefix (SQLite: within all), until it is closed or lost. A short disconnection is bridged; when the
     * revisions between are gone (compaction) or the connection can no longer be trusted, {@link WatchListener#onLost}
     * ends the watch and the caller takes a new snapshot.
     *
     * @throws IllegalArgumentException if {@code fromRevision} is not positive
     * @throws StoreUnavailableException if the store is closed
     */
    Watch watch(List<String> prefixes, long fromRevision, WatchListener listener);

    /** How many writes one transaction may hold. */
    int maxWrites();

    /** How many bytes the keys and values of one transaction may have in all. */
    int maxBytes();

    /**
     * Ends all watches, without {@link WatchListener#onLost}, and releases files, connections and threads. Later calls are
     * answered as those to a store that is unavailable.
     */
    @Override
    void close();
}
