// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Watch;
import io.pullpiri.statemanager.store.WatchListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The watches of a store, and the one thread that runs them and their listeners. */
final class EtcdWatches implements AutoCloseable {

    /** How often a watch asks etcd for progress. */
    static final Duration PROGRESS_INTERVAL = Duration.ofSeconds(5);

    private final EtcdConnection connection;
    private final Duration progressInterval;
    private final ScheduledThreadPoolExecutor thread;
    private final List<EtcdWatch> watches = new CopyOnWriteArrayList<>();

    EtcdWatches(EtcdConnection connection, Duration progressInterval) {
        this.connection = connection;
        this.progressInterval = progressInterval;
        this.thread = new ScheduledThreadPoolExecutor(
                1,
                Thread.ofPlatform().daemon().name("etcd-watch").factory(),
                // Responses that arrive after the store is closed are dropped.
                new ThreadPoolExecutor.DiscardPolicy());
        thread.setRemoveOnCancelPolicy(true);
    }

    Watch add(List<String> prefixes, long fromRevision, WatchListener listener) {
        if (thread.isShutdown()) {
            throw new StoreUnavailableException("etcd: the store is closed");
        }
        EtcdWatch watch =
                new EtcdWatch(connection, thread, progressInterval, prefixes, fromRevision, listener, watches::remove);
        watches.add(watch);
        watch.start();
        return watch;
    }

    @Override
    public void close() {
        watches.forEach(EtcdWatch::close);
        thread.shutdownNow();
        try {
            thread.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
