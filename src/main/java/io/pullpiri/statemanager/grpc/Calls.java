package io.pullpiri.statemanager.grpc;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.pullpiri.statemanager.state.Names;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What every handler does with its caller. */
final class Calls {

    /** Longer than any of our own deadlines. */
    private static final Duration NO_DEADLINE = Duration.ofHours(1);

    /** So that a caller sees our answer rather than its own deadline: a tenth of its time, at most this. */
    private static final long HEAD_START = TimeUnit.MILLISECONDS.toNanos(500);

    private static final int SHOWN = 60;

    private Calls() {}

    /** A caller's words within one line of ours: it must not break the line, nor fill the log. */
    static String shown(String text) {
        return Names.excerpt(text, SHOWN);
    }

    /** How long the caller of the current call waits, less a little for the way back. */
    static Duration remainingTime() {
        Deadline deadline = Context.current().getDeadline();
        if (deadline == null) {
            return NO_DEADLINE;
        }
        long left = Math.max(0, deadline.timeRemaining(TimeUnit.NANOSECONDS));
        return Duration.ofNanos(left - Math.min(left / 10, HEAD_START));
    }

    /** Answers, unless the caller has hung up. */
    static <T> void answer(StreamObserver<T> caller, T answer) {
        if (!hasHungUp(caller)) {
            caller.onNext(answer);
            caller.onCompleted();
        }
    }

    static void fail(StreamObserver<?> caller, Status status) {
        if (!hasHungUp(caller)) {
            caller.onError(status.asRuntimeException());
        }
    }

    private static boolean hasHungUp(StreamObserver<?> caller) {
        return caller instanceof ServerCallStreamObserver<?> call && call.isCancelled();
    }
}
