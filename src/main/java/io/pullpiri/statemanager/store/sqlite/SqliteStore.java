// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Prefixes;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.store.Watch;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.WatchListener;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store in one SQLite file. While it is open it is the only writer of the file, so its own commits give the events of its
 * watches. A watch cannot start at a revision from before the store was opened.
 */
public final class SqliteStore implements StateStore {

    private static final Logger LOG = LoggerFactory.getLogger(SqliteStore.class);

    private final Path path;
    private final SqliteFile file;
    private final EventLog log;
    private final Watchers watchers;

    /** Guards the file's connection, the revision and the order of the log. */
    private final ReentrantLock lock = new ReentrantLock();

    private long revision;
    private boolean closed;

    /** The changes of a transaction that failed, as long as a read has not shown whether it was committed. */
    private @Nullable List<WatchEvent> unresolved;

    private SqliteStore(Path path, SqliteFile file, SqliteLimits limits) throws SQLException {
        this.path = path;
        this.file = file;
        this.revision = file.revision();
        this.log = new EventLog(revision, limits.logRevisions(), limits.logBytes());
        this.watchers = new Watchers(log);
    }

    /**
     * Opens the file, and creates it if it is missing, for its owner only. A file of another program or of a newer version is
     * refused. So is a file that is open already, in this process or another one.
     *
     * @throws StoreUnavailableException if the file cannot be used; the message names the file and the remedy
     */
    public static SqliteStore open(Path file) {
        return open(file, SqliteLimits.DEFAULT);
    }

    static SqliteStore open(Path path, SqliteLimits limits) {
        SqliteFile file = SqliteFile.open(path, limits.maxPages());
        try {
            return new SqliteStore(path, file, limits);
        } catch (SQLException e) {
            close(path, file);
            throw unavailable(path, SqliteFile.explain(e), e);
        }
    }

    @Override
    public Optional<KeyValue> get(String key) {
        Keys.requireValid(key);
        return read(() -> Optional.ofNullable(file.get(key)));
    }

    @Override
    public long put(String key, String value) {
        Keys.requireValid(key);
        Transaction transaction = new Transaction(List.of(new Write(key, value, 0)));
        String refusal = transaction.refusal(maxWrites(), maxBytes());
        if (refusal != null) {
            throw new IllegalArgumentException(refusal);
        }
        lock.lock();
        try {
            return switch (write(transaction, false)) {
                case CommitResult.Committed(long written) -> written;
                case CommitResult.Unavailable(String reason) -> throw new StoreUnavailableException(reason);
                case CommitResult.Unknown(String reason) -> throw new StoreUnavailableException(reason);
                case CommitResult.Conflict _, CommitResult.Refused _, CommitResult.Unexplained _ ->
                    throw new AssertionError("a put compares nothing, and was checked");
            };
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<KeyValue> getAllWithPrefix(String prefix) {
        return snapshot(List.of(prefix)).entries();
    }

    @Override
    public Snapshot snapshot(List<String> prefixes) {
        return read(() -> {
            List<KeyValue> entries = new ArrayList<>();
            for (String prefix : Prefixes.disjoint(prefixes)) {
                entries.addAll(file.range(prefix));
            }
            entries.sort(KeyValue.CREATION_ORDER);
            return new Snapshot(revision, entries);
        });
    }

    /** Blocks until the transaction is committed, because no other thread would do it. */
    @Override
    public CompletableFuture<CommitResult> commitAsync(Transaction transaction, Duration timeout) {
        return CompletableFuture.completedFuture(commit(transaction, timeout));
    }

    @Override
    public CommitResult commit(Transaction transaction, Duration timeout) {
        String refusal = transaction.refusal(maxWrites(), maxBytes());
        if (refusal != null) {
            return new CommitResult.Refused(refusal);
        }
        try {
            if (!lock.tryLock(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
                return new CommitResult.Unavailable("store %s: busy for %s".formatted(path, timeout));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new CommitResult.Unavailable("store " + path + ": interrupted while waiting for it");
        }
        try {
            return write(transaction, true);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Watch watch(List<String> prefixes, long fromRevision, WatchListener listener) {
        if (fromRevision <= 0) {
            throw new IllegalArgumentException("fromRevision: " + fromRevision + " (expected: 1 or more)");
        }
        lock.lock();
        try {
            requireOpen();
            return watchers.add(prefixes, fromRevision, listener);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int maxWrites() {
        return 10_000;
    }

    @Override
    public int maxBytes() {
        return 8 << 20;
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            close(path, file);
        } finally {
            lock.unlock();
        }
        watchers.close();
    }

    /** Does the writes, if the guards hold or are ignored. The caller holds the lock. */
    private CommitResult write(Transaction transaction, boolean guarded) {
        if (closed) {
            return new CommitResult.Unavailable("store " + path + ": is closed");
        }
        List<WatchEvent> events = new ArrayList<>();
        try {
            resolveFailedTransaction();
            file.begin();
            boolean asExpected = true;
            for (Write write : transaction.writes()) {
                long before = file.modRevision(write.key());
                asExpected &= !guarded || before == write.expectedRevision();
                if (write.value() != null || before != 0) {
                    events.add(new WatchEvent(write.key(), write.value(), revision + 1));
                }
            }
            if (!asExpected || events.isEmpty()) {
                CommitResult result = asExpected
                        ? new CommitResult.Committed(revision)
                        : new CommitResult.Conflict(current(transaction));
                file.rollBackIfOpen();
                return result;
            }
            for (WatchEvent event : events) {
                if (event.value() == null) {
                    file.delete(event.key());
                } else {
                    file.put(event.key(), event.value(), event.revision());
                }
            }
            file.setRevision(revision + 1);
            file.commit();
        } catch (SQLException e) {
            return afterFailure(e, events);
        }
        return committed(events);
    }

    /**
     * Finds out whether a transaction that failed was committed. An error of COMMIT does not show that, but the revision does: it
     * is written with the rest, and is read after a rollback. If the machine stops before the next commit, the recovery may
     * still restore a commit whose flush failed. That is safe, because a start reads everything.
     */
    private CommitResult afterFailure(SQLException failure, List<WatchEvent> events) {
        String reason = "store " + path + ": " + SqliteFile.explain(failure);
        long before = revision;
        unresolved = events;
        file.closeStatements();
        try {
            resolveFailedTransaction();
            return revision == before ? new CommitResult.Unavailable(reason) : new CommitResult.Committed(revision);
        } catch (SQLException e) {
            file.closeStatements();
            LOG.error("store {}: a failed transaction could not be rolled back", path, e);
            return new CommitResult.Unknown(reason);
        }
    }

    /** Ends a transaction that failed before; publishes its changes if it was committed nevertheless. */
    private void resolveFailedTransaction() throws SQLException {
        file.rollBackIfOpen();
        List<WatchEvent> events = unresolved;
        if (events != null) {
            if (file.revision() != revision) {
                committed(events);
            }
            unresolved = null;
        }
    }

    private CommitResult committed(List<WatchEvent> events) {
        revision++;
        log.append(revision, events);
        return new CommitResult.Committed(revision);
    }

    private List<WatchEvent> current(Transaction transaction) throws SQLException {
        List<WatchEvent> current = new ArrayList<>();
        for (Write write : transaction.writes()) {
            KeyValue found = file.get(write.key());
            current.add(
                    found == null
                            ? new WatchEvent(write.key(), null, revision)
                            : new WatchEvent(write.key(), found.value(), found.modRevision()));
        }
        return current;
    }

    private <T> T read(Query<T> query) {
        lock.lock();
        try {
            requireOpen();
            resolveFailedTransaction();
            return query.run();
        } catch (SQLException e) {
            file.closeStatements();
            throw unavailable(path, SqliteFile.explain(e), e);
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new StoreUnavailableException("store " + path + ": is closed");
        }
    }

    private static StoreUnavailableException unavailable(Path path, String reason, SQLException cause) {
        return new StoreUnavailableException("store " + path + ": " + reason, cause);
    }

    private static void close(Path path, SqliteFile file) {
        try {
            file.close();
        } catch (SQLException e) {
            LOG.warn("store {}: could not be closed properly: {}", path, e.getMessage());
        }
    }

    @FunctionalInterface
    private interface Query<T> {
        T run() throws SQLException;
    }

    /**
     * Limits of the store.
     *
     * @param logRevisions how many revisions late a watch may be
     * @param logBytes the memory that the log of changes may take, by an estimate
     * @param maxPages the size of the file in pages of SQLite; 0 for no limit
     */
    record SqliteLimits(int logRevisions, long logBytes, long maxPages) {

        static final SqliteLimits DEFAULT = new SqliteLimits(10_000, 32 << 20, 0);
    }
}
