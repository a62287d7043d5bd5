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

/** What is known of the store: whether it answers, since when it does not, and how long to leave it alone. */
final class StoreHealth {

    private static final Logger LOG = LoggerFactory.getLogger(StoreHealth.class);

    /** After so long without a word from the store it is asked whether it is still there. */
    static final long SILENCE = TimeUnit.SECONDS.toNanos(2);

    private final IntToLongFunction backoffMillis;
    private final Clock clock;
    private final List<Consumer<Boolean>> listeners = new CopyOnWriteArrayList<>();
    private volatile boolean ready;
    private volatile String trouble = "";
    private final CompletableFuture<String> mustStop = new CompletableFuture<>();

    // Only the loop touches these; in ticks.
    private int failures;
    private long heard;
    private long pausedUntil = Long.MIN_VALUE;

    StoreHealth(IntToLongFunction backoffMillis, Clock clock) {
        this.backoffMillis = backoffMillis;
        this.clock = clock;
    }

    /** Whether the store was read and, as far as one knows, can be written. */
    boolean isReady() {
        return ready;
    }

    /** Why the last commit or read failed; empty if it did not. */
    String trouble() {
        return trouble;
    }

    void onReadiness(Consumer<Boolean> listener) {
        listeners.add(listener);
        listener.accept(ready);
    }

    boolean isFailing() {
        return failures > 0;
    }

    /** Until when the store is left alone after a failure, in ticks. */
    long pausedUntil() {
        return pausedUntil;
    }

    /** Whether nobody knows if the store is still there. */
    boolean isInDoubt() {
        return failures > 0 || clock.now().monotonicNanos() - heard >= SILENCE;
    }

    void answered() {
        heard = clock.now().monotonicNanos();
        failures = 0;
        pausedUntil = Long.MIN_VALUE;
        trouble = "";
        set(true);
    }

    void failed(String what) {
        failures++;
        trouble = what;
        pausedUntil = clock.now().monotonicNanos() + TimeUnit.MILLISECONDS.toNanos(backoffMillis.applyAsLong(failures));
        // 1, 2, 4, 8…: a store may be away for days.
        LOG.atLevel(Integer.bitCount(failures) == 1 ? Level.WARN : Level.DEBUG)
                .log("{} (failure {} in a row)", what, failures);
        set(false);
    }

    /** Completes with the reason when this process may not use the store and has to end. */
    CompletableFuture<String> mustStop() {
        return mustStop;
    }

    /** Until the process ends, the store is asked again as after a failure. */
    void mustStop(String why) {
        failed(why);
        mustStop.complete(why);
    }

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
