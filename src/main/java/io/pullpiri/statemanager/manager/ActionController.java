// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.view.OffloadRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Brings dead packages back, and moves models: Pullpiri's ActionController, or a simulated one. */
@FunctionalInterface
public interface ActionController {

    /**
     * Requests that the package that the scenario targets is reconciled. Does not block.
     *
     * @return always completes: with the reply, or exceptionally in an outage, when ActionController gave no decision within
     *     the timeout
     */
    CompletableFuture<ReconcileResult> reconcile(String scenario, Duration timeout);

    /**
     * Requests that a model is stopped on its source node and started on its target node. Does not block. The call has its own
     * deadline: a deadline or a cancellation of the calling thread's request does not end it, because ActionController would
     * then stop half-way. An ActionController that does not override this method refuses the request.
     *
     * @return always completes: with the reply, or exceptionally if none came within the timeout
     */
    default CompletableFuture<OffloadResult> offload(OffloadRequest request, Duration timeout) {
        return CompletableFuture.completedFuture(
                new OffloadResult(false, "this ActionController does not move models", ""));
    }

    /** A request did not reach ActionController, so nothing was done. */
    final class AwayException extends IOException {

        private static final long serialVersionUID = 1L;

        public AwayException(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * The reply to a request.
     *
     * @param accepted whether ActionController will reconcile; false is a refusal. True does not say that the package has
     *     recovered
     * @param message the text of the reply, empty if it has none
     */
    record ReconcileResult(boolean accepted, String message) {}

    /**
     * The reply to a request to move a model.
     *
     * @param success whether ActionController says that it has moved the model. If not, the model may be stopped on its source
     *     node nevertheless.
     * @param message the text of the reply, empty if it has none
     * @param transitionId ActionController's id of the move, empty if it has none
     */
    record OffloadResult(boolean success, String message, String transitionId) {}
}
