package io.pullpiri.statemanager.grpc;

import io.grpc.Context;
import io.grpc.Deadline;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The deadline of the current call. */
final class CallDeadline {

    /** Longer than any of our own deadlines. */
    private static final Duration NO_DEADLINE = Duration.ofHours(1);

    /** So that a caller sees our answer rather than its own deadline: a tenth of its time, at most this. */
    private static final long HEAD_START = TimeUnit.MILLISECONDS.toNanos(500);

    private CallDeadline() {}

    /** How long the caller of the current call waits, less a little for the way back. */
    static Duration remaining() {
        Deadline deadline = Context.current().getDeadline();
        if (deadline == null) {
            return NO_DEADLINE;
        }
        long left = Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS));
        return Duration.ofNanos(left - Math.min(left / 10, HEAD_START));
    }
}
