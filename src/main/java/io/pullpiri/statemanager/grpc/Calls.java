package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.pullpiri.statemanager.state.LogText;

/** What every handler does with its caller. */
final class Calls {

    private static final int SHOWN = 60;

    private Calls() {}

    /** A caller's words within one line of ours: it must not break the line, nor fill the log. */
    static String shown(String text) {
        return LogText.excerpt(text, SHOWN);
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
