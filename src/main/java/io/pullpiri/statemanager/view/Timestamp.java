// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import java.util.concurrent.TimeUnit;

/**
 * One point in time on two clocks.
 *
 * @param wallNanos nanoseconds since 1970, for people and for the history; the clock may jump
 * @param monotonicNanos nanoseconds of a clock that never goes back, for durations; it has no meaning outside this process
 */
public record Timestamp(long wallNanos, long monotonicNanos) {

    /** Milliseconds since 1970. */
    public long wallMillis() {
        return TimeUnit.NANOSECONDS.toMillis(wallNanos);
    }
}
