// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The timeouts of HTTP clients, all derived from one limit. A request must arrive within a third of it. The connection of a client is
 * closed if it reads nothing of its answer for the limit, or needs four times the limit for the whole answer. Before that, another
 * client can get its place: after {@link #stalled()} without progress, or if it {@link #isSlow}.
 */
final class WriteTimeouts {

    private static final int PARTS = 4;
    private static final int BYTES_A_SECOND = 32 << 10;
    private static final Duration MAX_TICK = Duration.ofMillis(200);

    private final Duration limit;
    private final AtomicInteger givenUp = new AtomicInteger();

    WriteTimeouts(Duration limit) {
        this.limit = limit;
    }

    /** Returns the time without progress after which a client's connection is closed. */
    Duration limit() {
        return limit;
    }

    /** Returns the time for a header to arrive, and for a body. */
    Duration request() {
        return limit.dividedBy(3);
    }

    /** Returns the time for a whole answer. Streams have no such limit. */
    Duration whole() {
        return limit.multipliedBy(PARTS);
    }

    /** Returns the time without progress after which another client can get the place. */
    Duration stalled() {
        return limit.dividedBy(30);
    }

    /**
     * Returns whether a client reads its answer so slowly that another client can get its place.
     *
     * @param nanos the nanoseconds since the answer began
     * @param bytes the bytes that the client has read since then
     */
    boolean isSlow(long nanos, long bytes) {
        return nanos > limit.dividedBy(6).toNanos() && bytes / BYTES_A_SECOND < TimeUnit.NANOSECONDS.toSeconds(nanos);
    }

    /** Returns the interval at which the timeouts are checked. */
    Duration tick() {
        Duration tick = limit.dividedBy(6);
        return tick.compareTo(MAX_TICK) < 0 ? tick : MAX_TICK;
    }

    /** Counts a client that was closed because it read its answer too slowly. */
    void countGivenUp() {
        givenUp.incrementAndGet();
    }

    /** Returns the number of clients that were closed because they read their answers too slowly. */
    int givenUp() {
        return givenUp.get();
    }
}
