package io.pullpiri.statemanager.cascade;

import java.util.concurrent.TimeUnit;

/**
 * A moment on both clocks.
 *
 * @param epochNanos what the wall says, nanoseconds since 1970: for people and for the history; it may jump
 * @param ticks nanoseconds of a clock that only goes forward: for waiting; means nothing outside this process
 */
public record Moment(long epochNanos, long ticks) {

    long epochMillis() {
        return TimeUnit.NANOSECONDS.toMillis(epochNanos);
    }
}
