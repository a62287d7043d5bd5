// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Records whether the store works: its last answer, its failures in a row, and the pause after them. */
final class StoreHealth {

    private static final Logger LOG = LoggerFactory.getLogger(StoreHealth.class);

    /** A store that has not answered for this time, in nanoseconds, is checked. */
    static final long SILENCE = TimeUnit.SECONDS.toNanos(2);

    private final IntToLongFunction backoffMillis;
    private final Clock clock;
    private final List<Consumer<Boolean>> listeners = new CopyOnWriteArrayList<>();
    private volatile boolean ready;
    private volatile String whyNotReady = "";
    private final CompletableFuture<String> mustStop = new CompletableFuture<>();

    // Only the loop touches these; times are in Timestamp.monotonicNanos.
    private int failures;
    private long lastAnswer;
    private long pausedUntil = Long.MIN_VALUE;

    StoreHealth(IntToLongFunction backoffMillis, Clock clock) {
        this.backoffMillis = backoffMillis;
        this.clock = clock;
    }

    /** Whether the last use of the store succeeded; false before the first one. May be called from any thread. */
    boolean isReady() {
        return ready;
    }

    /** Returns why the last commit or read failed; empty if it did not. May be called from any thread. */
    String whyNotReady() {
        return whyNotReady;
    }

    /** Calls the listener with {@link #isReady} now, and on the loop whenever it changes. */
    void onReadiness(Consumer<Boolean> listener) {
        listeners.add(listener);
        listener.accept(ready);
    }

    boolean isFailing() {
        return failures > 0;
    }

    /** Returns the end of the pause after a failure, in {@link io.pullpiri.statemanager.view.Timestamp#monotonicNanos}. */
    long pausedUntil() {
        return pausedUntil;
    }

    /** Whether the store failed last, or has not answered for {@link #SILENCE}. */
    boolean isInDoubt() {
        return failures > 0 || clock.now().monotonicNanos() - lastAnswer >= SILENCE;
    }

    /** The store answered as it should. */
    void answered() {
        lastAnswer = clock.now().monotonicNanos();
        failures = 0;
        pausedUntil = Long.MIN_VALUE;
        whyNotReady = "";
        set(true);
    }

    /** The store failed; the pause grows with each failure in a row. */
    void failed(String what) {
        failures++;
        whyNotReady = what;
        pausedUntil = clock.now().monotonicNanos() + TimeUnit.MILLISECONDS.toNanos(backoffMillis.applyAsLong(failures));
        // Failures 1, 2, 4, 8… are warnings: an outage may last for days.
        LOG.atLevel(Integer.bitCount(failures) == 1 ? Level.WARN : Level.DEBUG)
                .log("{} (failure {} in a row)", what, failures);
        set(false);
    }

    /** Returns the future that completes with the reason when this process must not use the store and has to end. */
    CompletableFuture<String> mustStop() {
        return mustStop;
    }

    /** This process must not use the store. Until it ends, this counts as a failure, and the store is read again. */
    void mustStop(String why) {
        failed(why);
        mustStop.complete(why);
    }

    /** The manager is closed, and not ready any more. */
    void stopped() {
        set(false);
    }

    private void set(boolean now) {
        if (ready != now) {
            ready = now;
            listeners.forEach(listener -> listener.accept(now));
        }
    }
}
