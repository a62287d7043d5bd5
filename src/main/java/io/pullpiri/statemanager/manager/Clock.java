package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.view.Timestamp;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** Where the manager has the time from. */
@FunctionalInterface
public interface Clock {

    Timestamp now();

    /** The machine's clocks; ticks count from the call of this method. */
    static Clock system() {
        long start = System.nanoTime();
        return () -> {
            Instant now = Instant.now();
            long epochNanos = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
            return new Timestamp(epochNanos, System.nanoTime() - start);
        };
    }
}
