// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.Context;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The deadline of the current call. */
final class CallDeadline {

    /** The wait of a call without a deadline. */
    private static final Duration NO_DEADLINE = Duration.ofHours(1);

    /** The most that is left of the time for the answer to travel, so that it arrives before the deadline. */
    private static final long HEAD_START = TimeUnit.MILLISECONDS.toNanos(500);

    private CallDeadline() {}

    /** Returns the time until the deadline of the current call, less a tenth of it or 500 ms for the answer to travel. */
    static Duration remaining() {
        Deadline deadline = Context.current().getDeadline();
        if (deadline == null) {
            return NO_DEADLINE;
        }
        long left = Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS));
        return Duration.ofNanos(left - Math.min(left / 10, HEAD_START));
    }
}
