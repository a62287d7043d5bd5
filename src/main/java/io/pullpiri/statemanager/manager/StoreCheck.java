// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.store.CommitResult;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Checks whether a silent store still works, and whether this server still owns it. It writes through
 * {@link WriteProbe}. Used on the loop. */
final class StoreCheck {

    private final WriteProbe probe;
    private final Ownership ownership;
    private final StoreHealth health;
    private final ManagerThreads threads;
    private final Consumer<Throwable> onReadFailure;
    private boolean inFlight;

    /** @param onReadFailure gets the failure of a read, on the loop */
    StoreCheck(
            WriteProbe probe,
            Ownership ownership,
            StoreHealth health,
            ManagerThreads threads,
            Consumer<Throwable> onReadFailure) {
        this.probe = probe;
        this.ownership = ownership;
        this.health = health;
        this.threads = threads;
        this.onReadFailure = onReadFailure;
    }

    /**
     * Begins a check, unless one is in flight. A store that works is only read. After a failure the check also writes a probe,
     * because a read alone does not prove that the store accepts writes.
     */
    void begin() {
        if (inFlight) {
            return;
        }
        inFlight = true;
        if (!health.isFailing()) {
            read();
            return;
        }
        probe.write(result -> {
            if (result instanceof CommitResult.Committed) {
                read();
            } else {
                inFlight = false;
                health.failed("the store cannot be written: " + result.reason());
            }
        });
    }

    private void read() {
        var _ = CompletableFuture.runAsync(ownership::check, threads.blocking())
                .thenApply(any -> (Runnable) health::answered)
                .exceptionally(failure -> () -> onReadFailure.accept(failure))
                .thenAccept(then -> threads.loop().execute(() -> {
                    inFlight = false;
                    then.run();
                }));
    }
}
