// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.view.Timestamp;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** The source of time. Tests and simulations have their own. */
@FunctionalInterface
public interface Clock {

    /** Returns the current time; the monotonic part never goes back. */
    Timestamp now();

    /** Returns the clock of the machine. Its monotonic part is in nanoseconds since the call of this method. */
    static Clock system() {
        long start = System.nanoTime();
        return () -> {
            Instant now = Instant.now();
            long epochNanos = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
            return new Timestamp(epochNanos, System.nanoTime() - start);
        };
    }
}
