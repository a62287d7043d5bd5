// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Watch;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.WatchListener;
import io.pullpiri.statemanager.view.View;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Watches the store. It puts the events into the queue, and records when the watch is lost. */
final class StoreWatch {

    private static final Logger LOG = LoggerFactory.getLogger(StoreWatch.class);

    private final StateStore store;
    private final ChangeFeed feed;
    private final CommandQueue queue;
    private final Metrics metrics;
    private final Runnable wake;

    /** Only the loop uses it. */
    private @Nullable Watch watch;

    /** The listener of the current watch; events of an older watch are dropped. */
    private volatile @Nullable Listener listener;

    private volatile boolean lost;

    /** @param wake begins a round of the loop; may be called from any thread */
    StoreWatch(StateStore store, ChangeFeed feed, CommandQueue queue, Metrics metrics, Runnable wake) {
        this.store = store;
        this.feed = feed;
        this.queue = queue;
        this.metrics = metrics;
        this.wake = wake;
    }

    /**
     * Starts a watch from a revision on.
     *
     * @throws StoreUnavailableException if the store cannot be watched
     */
    void open(long fromRevision) {
        Listener fresh = new Listener();
        listener = fresh;
        watch = store.watch(Keys.WATCHED_PREFIXES, fromRevision, fresh);
    }

    void close() {
        listener = null;
        if (watch != null) {
            watch.close();
            watch = null;
        }
    }

    /** Whether the watch was lost since the last call. */
    boolean takeLost() {
        boolean was = lost;
        if (was) {
            lost = false;
        }
        return was;
    }

    private final class Listener implements WatchListener {

        @Override
        public void onEvents(List<WatchEvent> events) {
            if (listener != this) {
                return;
            }
            View known = feed.view();
            List<WatchEvent> news =
                    events.stream().filter(event -> !known.isEcho(event)).toList();
            if (!news.isEmpty() && !queue.offerEvents(new Command.StoreEvents(news, false))) {
                lost("events arrive faster than they are processed");
            }
            wake.run();
        }

        @Override
        public void onLost(String reason) {
            if (listener == this) {
                lost(reason);
            }
        }

        private void lost(String reason) {
            LOG.warn("the watch on the store is lost, the store will be re-read: {}", reason);
            lost = true;
            metrics.watchRestarted();
            wake.run();
        }
    }
}
