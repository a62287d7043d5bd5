package io.pullpiri.statemanager.web;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How slow clients may be. A request has a third of the limit to come in. A client that takes nothing of its answer for the limit, or takes four times as long for all of it,
 * is ended. Before that, others may get its place: after {@link #stalled()} without progress, or if it {@link #isSlow}.
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

    Duration limit() {
        return limit;
    }

    /** For a header to come in, and for a body. */
    Duration request() {
        return limit.dividedBy(3);
    }

    /** For all of an answer, but for streams. */
    Duration whole() {
        return limit.multipliedBy(PARTS);
    }

    Duration stalled() {
        return limit.dividedBy(30);
    }

    /**
     * Whether a client takes its answer so slowly that others may get its place.
     *
     * @param nanos since the answer began
     * @param bytes that the client has taken since then
     */
    boolean isSlow(long nanos, long bytes) {
        return nanos > limit.dividedBy(6).toNanos() && bytes / BYTES_A_SECOND < TimeUnit.NANOSECONDS.toSeconds(nanos);
    }

    /** How often clients are looked at. */
    Duration tick() {
        Duration tick = limit.dividedBy(6);
        return tick.compareTo(MAX_TICK) < 0 ? tick : MAX_TICK;
    }

    void countGivenUp() {
        givenUp.incrementAndGet();
    }

    /** How many clients were ended because they were too slow for their answers. */
    int givenUp() {
        return givenUp.get();
    }
}
