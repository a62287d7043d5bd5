package io.pullpiri.statemanager.view;

import java.util.concurrent.TimeUnit;

/**
 * A moment on both clocks.
 *
 * @param wallNanos what the wall says, nanoseconds since 1970: for people and for the history; it may jump
 * @param monotonicNanos nanoseconds of a clock that only goes forward: for waiting; means nothing outside this process
 */
public record Timestamp(long wallNanos, long monotonicNanos) {

    public long wallMillis() {
        return TimeUnit.NANOSECONDS.toMillis(wallNanos);
    }
}
