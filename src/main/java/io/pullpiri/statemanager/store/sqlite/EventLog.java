package io.pullpiri.statemanager.store.sqlite;

import io.pullpiri.statemanager.store.WatchEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The changes of the newest revisions, in memory. Watches read it at their own pace; it forgets the oldest revisions when
 * it is full, so a slow watch costs no memory: it finds its place gone, and is lost.
 */
final class EventLog {

    private final int maxRevisions;
    private final long maxBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final TreeMap<Long, List<WatchEvent>> revisions = new TreeMap<>();
    private long bytes;
    private long oldest;
    private long newest;
    private long wakeUps;

    /** @param newest the store's revision as it was opened: the log knows what comes after it */
    EventLog(long newest, int maxRevisions, long maxBytes) {
        this.newest = newest;
        this.oldest = newest + 1;
        this.maxRevisions = maxRevisions;
        this.maxBytes = maxBytes;
    }

    void append(long revision, List<WatchEvent> events) {
        lock.lock();
        try {
            revisions.put(revision, events);
            bytes += size(events);
            newest = revision;
            while (revisions.size() > maxRevisions || bytes > maxBytes) {
                var forgotten = revisions.pollFirstEntry();
                bytes -= size(forgotten.getValue());
                oldest = forgotten.getKey() + 1;
            }
            wakeUps++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The changes of up to so many revisions from this one on, and where to go on; null if the log has forgotten them. */
    @Nullable
    Page read(long fromRevision, int maxRevisions) {
        lock.lock();
        try {
            if (fromRevision < oldest) {
                return null;
            }
            List<WatchEvent> events = new ArrayList<>();
            long next = Math.max(fromRevision, newest + 1);
            int read = 0;
            for (var revision : revisions.tailMap(fromRevision, true).entrySet()) {
                if (read++ == maxRevisions) {
                    next = revision.getKey();
                    break;
                }
                events.addAll(revision.getValue());
            }
            return new Page(events, next, read > maxRevisions);
        } finally {
            lock.unlock();
        }
    }

    long oldest() {
        lock.lock();
        try {
            return oldest;
        } finally {
            lock.unlock();
        }
    }

    /** Ends an {@link #awaitWakeUp}, or the next one. */
    void wakeUp() {
        lock.lock();
        try {
            wakeUps++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until something was appended or somebody called {@link #wakeUp} since {@code seen}; returns the new count. */
    long awaitWakeUp(long seen) throws InterruptedException {
        lock.lock();
        try {
            while (wakeUps == seen) {
                changed.await();
            }
            return wakeUps;
        } finally {
            lock.unlock();
        }
    }

    private static long size(List<WatchEvent> events) {
        long size = 0;
        for (WatchEvent event : events) {
            String value = event.value();
            size += 2L * (event.key().length() + (value == null ? 0 : value.length())) + 64;
        }
        return size;
    }

    /**
     * @param next the first revision that was not read
     * @param more whether the log has it already
     */
    record Page(List<WatchEvent> events, long next, boolean more) {}
}
