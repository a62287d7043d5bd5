// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import io.pullpiri.statemanager.store.Prefixes;
import io.pullpiri.statemanager.store.Watch;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.WatchListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The watches of a store, and the one thread that passes the changes of the log to their listeners. */
final class Watchers implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Watchers.class);
    private static final int REVISIONS_PER_CALL = 100;

    private final EventLog log;
    private final List<LogWatch> watches = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile boolean closed;

    Watchers(EventLog log) {
        this.log = log;
        thread = Thread.ofPlatform().daemon().name("sqlite-watch").start(this::run);
    }

    Watch add(List<String> prefixes, long fromRevision, WatchListener listener) {
        LogWatch watch = new LogWatch(List.copyOf(prefixes), fromRevision, listener);
        watches.add(watch);
        log.wakeUp();
        return watch;
    }

    @Override
    public void close() {
        closed = true;
        watches.forEach(LogWatch::close);
        log.wakeUp();
        if (Thread.currentThread() != thread) {
            try {
                thread.join(Duration.ofSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        long seen = -1;
        try {
            while (!closed) {
                seen = log.awaitWakeUp(seen);
                boolean more = true;
                while (more && !closed) {
                    more = false;
                    for (LogWatch watch : watches) {
                        more |= watch.advance();
                    }
                }
            }
        } catch (InterruptedException e) {
            // Only the end of the JVM interrupts this thread.
            Thread.currentThread().interrupt();
        }
    }

    private final class LogWatch implements Watch {

        private final List<String> prefixes;
        private final WatchListener listener;
        private long next;
        private volatile boolean ended;

        LogWatch(List<String> prefixes, long fromRevision, WatchListener listener) {
            this.prefixes = prefixes;
            this.next = fromRevision;
            this.listener = listener;
        }

        @Override
        public void close() {
            ended = true;
            watches.remove(this);
        }

        /** Passes a page of changes to the listener, and returns whether the log has more. */
        private boolean advance() {
            EventLog.Page page = log.read(next, REVISIONS_PER_CALL);
            if (page == null) {
                lose("compacted: revision %d was asked for, the oldest one kept is %d".formatted(next, log.oldest()));
                return false;
            }
            next = page.next();
            List<WatchEvent> events = page.events().stream()
                    .filter(event -> Prefixes.cover(prefixes, event.key()))
                    .toList();
            if (!events.isEmpty() && !ended) {
                try {
                    listener.onEvents(events);
                } catch (RuntimeException e) {
                    LOG.error("a watch is lost: its listener failed", e);
                    lose("the listener failed: " + e);
                }
            }
            return page.more() && !ended;
        }

        private void lose(String reason) {
            if (ended) {
                return;
            }
            close();
            try {
                listener.onLost(reason);
            } catch (RuntimeException e) {
                LOG.error("a watch was lost ({}), and its listener failed in onLost", reason, e);
            }
        }
    }
}
