package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.store.CommitResult;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Asks a store from which nothing was heard whether it still works, and whether it still is ours. Used on the loop. */
final class StoreCheck {

    private final WriteProbe probe;
    private final Ownership ownership;
    private final StoreHealth health;
    private final ManagerThreads threads;
    private final Consumer<Throwable> onReadFailure;
    private boolean underWay;

    /** @param unread gets what made a read fail, on the loop */
    StoreCheck(
            WriteProbe probe,
            Ownership ownership,
            StoreHealth health,
            ManagerThreads threads,
            Consumer<Throwable> unread) {
        this.probe = probe;
        this.ownership = ownership;
        this.health = health;
        this.threads = threads;
        this.onReadFailure = unread;
    }

    /** Does nothing while a check is under way. After a failure a read alone does not prove that the store works. */
    void begin() {
        if (underWay) {
            return;
        }
        underWay = true;
        if (!health.isFailing()) {
            read();
            return;
        }
        probe.write(result -> {
            if (result instanceof CommitResult.Committed) {
                read();
            } else {
                underWay = false;
                health.failed("the store cannot be written: " + result.reason());
            }
        });
    }

    private void read() {
        var _ = CompletableFuture.runAsync(ownership::check, threads.blocking())
                .thenApply(any -> (Runnable) health::answered)
                .exceptionally(failure -> () -> onReadFailure.accept(failure))
                .thenAccept(then -> threads.loop().execute(() -> {
                    underWay = false;
                    then.run();
                }));
    }
}
