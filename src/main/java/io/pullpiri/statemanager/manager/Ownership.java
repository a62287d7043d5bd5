// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.view.Owner;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides whether this server may write to the store (see docs/decisions/0014). A start takes the store over: it writes its
 * owner record together with the fence, so that no later transaction of the previous owner is accepted. A server that finds
 * another owner's record after that has lost the store, and takes it back only when that record is gone.
 *
 * <p>May be used from any thread.
 */
// [impl->req~sto-owner~1]
final class Ownership {

    private static final Logger LOG = LoggerFactory.getLogger(Ownership.class);

    private final StateStore store;
    private final String record;

    /** Whether this server has owned the store since its start. */
    private volatile boolean held;

    Ownership(StateStore store, Owner self) {
        this.store = store;
        this.record = self.text();
    }

    /** Another server has taken the store over. */
    static final class OwnershipLostException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final String reason;

        OwnershipLostException(String reason) {
            super(reason);
            this.reason = reason;
        }

        /** Says which server has the store, and what an operator can do. */
        String reason() {
            return reason;
        }
    }

    /**
     * Reads the owner's record.
     *
     * @throws OwnershipLostException if another server has taken the store over since this one owned it
     * @throws io.pullpiri.statemanager.store.StoreUnavailableException if the store cannot be read
     */
    void check() {
        requireNotLost(store.get(Keys.OWNER).orElse(null));
    }

    /**
     * Returns the write that makes this server the owner.
     *
     * @param found the owner's record as it is stored, null if there is none
     * @return empty if this server owns the store already
     * @throws OwnershipLostException if another server has taken the store over since this one owned it
     */
    Optional<Write> claim(@Nullable KeyValue found) {
        requireNotLost(found);
        return found != null && found.value().equals(record)
                ? Optional.empty()
                : Optional.of(new Write(Keys.OWNER, record, found == null ? 0 : found.modRevision()));
    }

    /** Called when the write of {@link #claim} is stored. */
    void claimed() {
        held = true;
    }

    private void requireNotLost(@Nullable KeyValue found) {
        if (held && found != null && !found.value().equals(record)) {
            throw new OwnershipLostException(
                    Owner.description(found.value())
                            + " uses this store; this one writes nothing. Stop the other one, or restart this one to take over");
        }
    }

    /**
     * Removes the owner's record when the server stops, so that a server that lost the store to this one takes it back. If
     * the store does not answer, the record stays, and the next start replaces it.
     */
    void release(Duration timeout) {
        if (!held) {
            return;
        }
        try {
            Optional<KeyValue> found =
                    store.get(Keys.OWNER).filter(owner -> owner.value().equals(record));
            if (found.isPresent()) {
                Write delete = new Write(Keys.OWNER, null, found.get().modRevision());
                CommitResult _ = store.commit(new Transaction(List.of(delete)), timeout);
            }
        } catch (StoreUnavailableException e) {
            LOG.debug("the owner's record stays, and the next start replaces it: {}", e.getMessage());
        }
    }
}
