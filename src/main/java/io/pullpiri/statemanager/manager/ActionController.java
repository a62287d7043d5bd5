package io.pullpiri.statemanager.manager;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Brings dead packages back: Pullpiri's ActionController, or a simulated one. */
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
     * The reply to a request.
     *
     * @param accepted whether ActionController will reconcile; false is a refusal. True does not say that the package has
     *     recovered
     * @param message the text of the reply, empty if it has none
     */
    record ReconcileResult(boolean accepted, String message) {}
}
