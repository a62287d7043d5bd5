// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** Texts of failed calls. */
final class Failures {

    private Failures() {}

    /** Returns the message of a failed call for an operator; {@code no reply} without a failure. */
    static String describe(@Nullable Throwable failure) {
        if (failure == null) {
            return "no reply";
        }
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }
}
