// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.Transaction;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * Writes the probe key, which shows whether the store accepts any write from this server. {@link StoreCheck} and
 * {@link Committer} use it. Used on the loop only.
 */
// [impl->req~sto-refusal~1]
final class WriteProbe {

    /** A write may conflict, because another server may write the same key. */
    private static final int TRIES = 3;

    private final StateStore store;
    private final Duration timeout;
    private final Executor loop;

    /** The last known revision of the key. */
    private long revision;

    WriteProbe(StateStore store, Duration timeout, Executor loop) {
        this.store = store;
        this.timeout = timeout;
        this.loop = loop;
    }

    /** Writes the key. {@code end} gets the outcome on the loop: {@link CommitResult.Committed} if the store accepts writes. */
    void write(Consumer<CommitResult> end) {
        write(TRIES, end);
    }

    private void write(int tries, Consumer<CommitResult> end) {
        Transaction transaction = new Transaction(List.of(new Transaction.Write(Keys.PROBE, "{}", revision)));
        var _ = store.commitAsync(transaction, timeout)
                .whenComplete((result, defect) -> loop.execute(() -> {
                    if (result instanceof CommitResult.Committed committed) {
                        revision = committed.revision();
                    }
                    if (result instanceof CommitResult.Conflict conflict && tries > 1) {
                        var found = conflict.current().getFirst();
                        revision = found.value() == null ? 0 : found.revision();
                        write(tries - 1, end);
                    } else {
                        end.accept(result == null ? new CommitResult.Unknown(String.valueOf(defect)) : result);
                    }
                }));
    }
}
