// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import io.pullpiri.statemanager.store.WatchEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the changes of the newest revisions in memory. Each watch reads them at its own pace. When the log is full, it drops
 * the oldest revisions, and a watch that still needs them is lost. May be used from any thread.
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

    /** @param newest the revision at which the store was opened; the log has the changes after it */
    EventLog(long newest, int maxRevisions, long maxBytes) {
        this.newest = newest;
        this.oldest = newest + 1;
        this.maxRevisions = maxRevisions;
        this.maxBytes = maxBytes;
    }

    /** Adds the changes of the next revision. */
    void append(long revision, List<WatchEvent> events) {
        lock.lock();
        try {
            revisions.put(revision, events);
            bytes += size(events);
            newest = revision;
            while (revisions.size() > maxRevisions || bytes > maxBytes) {
                var dropped = revisions.pollFirstEntry();
                bytes -= size(dropped.getValue());
                oldest = dropped.getKey() + 1;
            }
            wakeUps++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the changes of up to {@code maxRevisions} revisions from one on; null if the log has dropped some of them. */
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

    /** Returns the oldest revision whose changes are kept, or will be. */
    long oldest() {
        lock.lock();
        try {
            return oldest;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the current {@link #awaitWakeUp}, or the next one. */
    void wakeUp() {
        lock.lock();
        try {
            wakeUps++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Blocks until the count of appends and calls of {@link #wakeUp} is not {@code seen}, and returns the new count. */
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
     * Changes that were read from the log.
     *
     * @param next the first revision that was not read
     * @param more whether the log has that revision already
     */
    record Page(List<WatchEvent> events, long next, boolean more) {}
}
