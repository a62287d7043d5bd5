package io.pullpiri.statemanager.manager;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Whoever brings dead packages back: Pullpiri's ActionController. */
@FunctionalInterface
public interface ActionController {

    /**
     * Asks to reconcile the package that the scenario targets. Returns at once.
     *
     * @return completes with the reply, or exceptionally if there was none within the timeout; it always completes
     */
    CompletableFuture<ReconcileResult> reconcile(String scenario, Duration timeout);

    /**
     * @param accepted whether it will reconcile; not whether it has
     * @param message its words, never null
     */
    record ReconcileResult(boolean accepted, String message) {}
}
