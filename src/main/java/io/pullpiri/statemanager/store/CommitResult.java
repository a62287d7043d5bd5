// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import java.util.List;

/** The outcome of a {@link Transaction}. */
public sealed interface CommitResult {

    /** Returns why the transaction was not committed, as a message; empty if it was. */
    default String reason() {
        return "";
    }

    /**
     * All writes are durable.
     *
     * @param revision of the writes; the store's newest one if nothing was to be written or deleted
     */
    record Committed(long revision) implements CommitResult {}

    /**
     * Nothing was written, because a guard did not hold: another writer changed one of the keys.
     *
     * @param current every key of the transaction as it is stored now
     */
    record Conflict(List<WatchEvent> current) implements CommitResult {

        public Conflict {
            current = List.copyOf(current);
        }

        @Override
        public String reason() {
            return "another component has written the same keys";
        }
    }

    /** Nothing was written, and the store will never accept the same transaction: it is too large, or invalid. */
    record Refused(String reason) implements CommitResult {}

    /**
     * The store refused for a reason that StateManager does not know. The reason may concern this transaction or every write;
     * a write of another key shows which. If the transaction was written nevertheless, its guards do not hold any more.
     */
    record Unexplained(String reason) implements CommitResult {}

    /**
     * Nothing was written. The store cannot be reached, accepts no writes from StateManager, is out of space, or is busy. The
     * caller retries later.
     */
    record Unavailable(String reason) implements CommitResult {}

    /**
     * The answer was lost: either everything was written, or nothing. Only a read shows which, and the write may still be in
     * flight.
     */
    record Unknown(String reason) implements CommitResult {}
}
