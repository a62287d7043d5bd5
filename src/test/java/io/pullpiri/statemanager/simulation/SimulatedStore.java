// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import io.pullpiri.statemanager.simulation.StoreFaults.Fate;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A store in memory with etcd's semantics and simulated faults. It keeps every commit. */
final class SimulatedStore implements StateStore {

    private static final int MAX_BYTES = 1 << 20;

    private final StoreFaults weather;
    private final Sabotage sabotage;
    private final int maxWrites;
    private final TreeMap<String, KeyValue> keys = new TreeMap<>();
    private final List<Commit> log = new ArrayList<>();
    private final List<Watching> watches = new ArrayList<>();
    private Observer observer = new Observer() {};
    private long revision = 1;
    private long compacted;
    private boolean closed;

    /**
     * Everything that was written at one revision.
     *
     * @param fate of the transaction; null for a write of another component
     * @param sent when it was sent, in ticks
     */
    record Commit(long revision, @Nullable Fate fate, long sent, List<WatchEvent> changes) {

        boolean isOwn() {
            return fate != null;
        }

        @Override
        public String toString() {
            return changes.stream()
                    .map(change -> change.value() == null
                            ? change.key() + " is deleted"
                            : change.key() + " = " + change.value())
                    .collect(Collectors.joining(", ", revision + (fate == null ? " " : " " + fate + " "), ""));
        }

        /** Whether it follows from commands, unlike a fence or a probe. */
        boolean isDecided() {
            return isOwn()
                    && !isFence()
                    && !changes.stream().allMatch(change -> change.key().equals(Keys.PROBE));
        }

        private boolean isFence() {
            List<WatchEvent> records = changes.stream()
                    .filter(change -> !change.key().equals(Keys.FORMAT)) // the first fence states it
                    .filter(change -> !change.key().equals(Keys.OWNER)) // the first fence of a process
                    .toList();
            return records.size() == 1
                    && records.getFirst().key().startsWith(Keys.JOURNAL_PREFIX)
                    && "{}".equals(records.getFirst().value());
        }
    }

    /** Observes everything when it happens. */
    interface Observer {

        default void sees(Commit commit) {}

        /** The server gets the events under these prefixes, up to the revision. */
        default void reports(List<String> prefixes, long revision) {}

        /** A transaction's guard does not hold. */
        default void refuses(List<WatchEvent> current) {}

        /** The server gets the loss of a watch. */
        default void cutsOff(String reason) {}
    }

    SimulatedStore(StoreFaults weather, Sabotage sabotage, int maxWrites) {
        this.weather = weather;
        this.sabotage = sabotage;
        this.maxWrites = maxWrites;
    }

    void observe(Observer newObserver) {
        observer = newObserver;
    }

    synchronized List<Commit> log() {
        return log;
    }

    synchronized @Nullable String value(String key) {
        KeyValue found = keys.get(key);
        return found == null ? null : found.value();
    }

    @Override
    public synchronized CompletableFuture<CommitResult> commitAsync(Transaction transaction, Duration timeout) {
        String refusal = transaction.refusal(maxWrites, MAX_BYTES);
        if (closed) {
            return CompletableFuture.completedFuture(new CommitResult.Unavailable("the store is closed"));
        } else if (refusal != null) {
            return CompletableFuture.completedFuture(new CommitResult.Refused(refusal));
        }
        CompletableFuture<CommitResult> caller = new CompletableFuture<>();
        Fate fate = weather.fate();
        long sent = weather.ticks();
        if (sabotage == Sabotage.ANSWERS_FIRST) {
            answer(caller, Fate.DONE, new CommitResult.Committed(revision + 1));
            weather.carry(transaction, Fate.SLOW, () -> commit(transaction, fate, sent));
            return caller;
        }
        switch (fate) {
            case UNAVAILABLE ->
                answer(
                        caller,
                        Fate.DONE,
                        sabotage == Sabotage.CLAIMS_WHAT_FAILED
                                ? new CommitResult.Committed(revision + 1)
                                : new CommitResult.Unavailable("it storms"));
            case REFUSED -> answer(caller, Fate.DONE, new CommitResult.Unexplained("it is something new"));
            case REQUEST_LOST -> answer(caller, fate, new CommitResult.Unknown("no answer"));
            case ANSWER_LOST ->
                weather.carry(this, Fate.DONE, () -> {
                    commit(transaction, fate, sent);
                    answer(caller, fate, new CommitResult.Unknown("no answer"));
                });
            case LATE -> {
                answer(caller, Fate.DONE, new CommitResult.Unknown("no answer in time"));
                weather.carry(transaction, fate, () -> commit(transaction, fate, sent));
            }
            case DONE, SLOW ->
                weather.carry(transaction, fate, () -> answer(caller, Fate.DONE, commit(transaction, fate, sent)));
        }
        return caller;
    }

    private void answer(CompletableFuture<CommitResult> caller, Fate fate, CommitResult result) {
        weather.carry(caller, fate, () -> caller.complete(result));
    }

    private synchronized CommitResult commit(Transaction transaction, Fate fate, long sent) {
        boolean holds =
                transaction.writes().stream().allMatch(write -> modified(write.key()) == write.expectedRevision());
        if (!holds && sabotage != Sabotage.FORGETS_GUARDS) {
            List<WatchEvent> current = transaction.writes().stream()
                    .map(write -> current(write.key()))
                    .toList();
            observer.refuses(current);
            return new CommitResult.Conflict(current);
        }
        List<Transaction.Write> writes = new ArrayList<>(transaction.writes());
        if (sabotage == Sabotage.DROPS_RECONCILE_RECORDS) {
            writes.removeIf(write -> write.key().startsWith(Keys.RECONCILE_PREFIX));
        } else if (sabotage == Sabotage.DROPS_MODELS) {
            writes.removeIf(write -> write.key().startsWith(Keys.MODEL_STATE_PREFIX));
        } else if (sabotage == Sabotage.DROPS_REMOVED_CONTAINERS) {
            writes.replaceAll(SimulatedStore::withoutRemoved);
        }
        return new CommitResult.Committed(write(writes, fate, sent));
    }

    private static Transaction.Write withoutRemoved(Transaction.Write write) {
        String value = write.value();
        return value == null || !write.key().startsWith(Keys.NODE_PREFIX)
                ? write
                : new Transaction.Write(
                        write.key(),
                        value.replaceAll("\\{[^{}]*\"absence\":\"REMOVED\"[^{}]*\\},?", "")
                                .replace(",]", "]"),
                        write.expectedRevision());
    }

    private long modified(String key) {
        KeyValue found = keys.get(key);
        return found == null ? 0 : found.modRevision();
    }

    private WatchEvent current(String key) {
        KeyValue found = keys.get(key);
        return found == null
                ? new WatchEvent(key, null, revision)
                : new WatchEvent(key, found.value(), found.modRevision());
    }

    private long write(List<Transaction.Write> writes, @Nullable Fate fate, long sent) {
        List<WatchEvent> changes = new ArrayList<>();
        for (Transaction.Write write : writes) {
            if (write.value() != null || keys.containsKey(write.key())) {
                changes.add(new WatchEvent(write.key(), write.value(), revision + 1));
            }
        }
        if (changes.isEmpty()) {
            return revision;
        }
        revision++;
        for (WatchEvent change : changes) {
            KeyValue old = keys.get(change.key());
            if (change.value() == null) {
                keys.remove(change.key());
            } else {
                long created = old == null ? revision : old.createRevision();
                keys.put(change.key(), new KeyValue(change.key(), change.value(), created, revision));
            }
        }
        Commit commit = new Commit(revision, fate, sent, List.copyOf(changes));
        log.add(commit);
        observer.sees(commit);
        List.copyOf(watches).forEach(watch -> watch.report(commit));
        return revision;
    }

    /** Writes a key as another component; null deletes it. */
    @Override
    public synchronized long put(String key, @Nullable String value) {
        Keys.requireValid(key);
        if (closed) {
            throw new StoreUnavailableException("the store is closed");
        }
        Transaction.Write write = new Transaction.Write(key, value, 0);
        if (write.bytes() > MAX_BYTES) {
            throw new IllegalArgumentException("size: " + write.bytes() + " bytes");
        }
        return write(List.of(write), null, weather.ticks());
    }

    @Override
    public synchronized Optional<KeyValue> get(String key) {
        requireReachable();
        return Optional.ofNullable(keys.get(Keys.requireValid(key)));
    }

    @Override
    public List<KeyValue> getAllWithPrefix(String prefix) {
        return snapshot(List.of(prefix)).entries();
    }

    @Override
    public synchronized Snapshot snapshot(List<String> prefixes) {
        requireReachable();
        observer.reports(prefixes, revision);
        return new Snapshot(
                revision,
                keys.values().stream()
                        .filter(entry -> Prefixes.cover(prefixes, entry.key()))
                        .sorted(KeyValue.CREATION_ORDER)
                        .toList());
    }

    private void requireReachable() {
        if (closed || !weather.isReachable()) {
            throw new StoreUnavailableException("it storms");
        }
    }

    @Override
    public synchronized Watch watch(List<String> prefixes, long fromRevision, WatchListener listener) {
        if (fromRevision <= 0) {
            throw new IllegalArgumentException("revision: " + fromRevision);
        } else if (closed) {
            throw new StoreUnavailableException("the store is closed");
        }
        Watching watch = new Watching(Prefixes.disjoint(prefixes), fromRevision, listener);
        if (fromRevision <= compacted) {
            watch.lose("compacted up to " + compacted);
        } else {
            watches.add(watch);
            log.stream().filter(commit -> commit.revision >= fromRevision).forEach(watch::report);
        }
        return watch;
    }

    /** Compacts all revisions. */
    synchronized void compact() {
        compacted = revision;
    }

    /** How many watches are open. */
    synchronized int watches() {
        return watches.size();
    }

    /** Ends all watches, so that they cannot resume. */
    synchronized int loseWatches() {
        List<Watching> lost = List.copyOf(watches);
        lost.forEach(watch -> watch.lose("cut off"));
        return lost.size();
    }

    /** Removes all watches, because the process that opened them was killed. */
    synchronized void hangUp() {
        List.copyOf(watches).forEach(Watching::close);
    }

    @Override
    public int maxWrites() {
        return maxWrites;
    }

    @Override
    public int maxBytes() {
        return MAX_BYTES;
    }

    @Override
    public synchronized void close() {
        closed = true;
        watches.clear();
    }

    private final class Watching implements Watch {

        private final List<String> prefixes;
        private final long from;
        private final WatchListener listener;
        private volatile boolean ended;

        Watching(List<String> prefixes, long from, WatchListener listener) {
            this.prefixes = prefixes;
            this.from = from;
            this.listener = listener;
        }

        /** etcd has one order for each prefix, and none for several. */
        void report(Commit commit) {
            boolean dropped = sabotage == Sabotage.DROPS_WATCH_EVENTS && commit.revision % 5 == 0;
            if (commit.revision < from || dropped) {
                return;
            }
            Map<String, List<WatchEvent>> byPrefix = new TreeMap<>();
            for (WatchEvent change : commit.changes) {
                prefixes.stream()
                        .filter(change.key()::startsWith)
                        .findFirst()
                        .ifPresent(prefix -> byPrefix.computeIfAbsent(prefix, any -> new ArrayList<>())
                                .add(change));
            }
            byPrefix.forEach((prefix, changes) ->
                    weather.carry(List.of(System.identityHashCode(this), prefix), Fate.DONE, () -> deliver(changes)));
        }

        private void deliver(List<WatchEvent> changes) {
            if (!ended) {
                try {
                    listener.onEvents(changes);
                    observer.reports(
                            changes.stream().map(WatchEvent::key).toList(),
                            changes.getFirst().revision());
                } catch (RuntimeException e) {
                    lose(String.valueOf(e.getMessage()));
                }
            }
        }

        void lose(String reason) {
            if (!ended) {
                close();
                weather.carry(this, Fate.DONE, () -> {
                    observer.cutsOff(reason);
                    listener.onLost(reason);
                });
            }
        }

        @Override
        public void close() {
            ended = true;
            synchronized (SimulatedStore.this) {
                watches.remove(this);
            }
        }
    }
}
