// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.pullpiri.statemanager.state.LogText;

/** Answers that all handlers give, and text from callers for log lines. */
final class Calls {

    private static final int SHOWN = 60;

    private Calls() {}

    /** Returns a caller's text for a log line or message: shortened, and with its control characters escaped. */
    static String shown(String text) {
        return LogText.excerpt(text, SHOWN);
    }

    /** Returns the message for an invalid name: the field, the name, and the problem that {@code Names} found. */
    static String invalidName(String field, String name, String problem) {
        return field + ": '" + shown(name) + "' " + problem;
    }

    /** Sends the only answer of a call, unless the call was cancelled. */
    static <T> void answer(StreamObserver<T> caller, T answer) {
        if (!isCancelled(caller)) {
            caller.onNext(answer);
            caller.onCompleted();
        }
    }

    /** Ends a call with a failure, unless it was cancelled. */
    static void fail(StreamObserver<?> caller, Status status) {
        if (!isCancelled(caller)) {
            caller.onError(status.asRuntimeException());
        }
    }

    private static boolean isCancelled(StreamObserver<?> caller) {
        return caller instanceof ServerCallStreamObserver<?> call && call.isCancelled();
    }
}
