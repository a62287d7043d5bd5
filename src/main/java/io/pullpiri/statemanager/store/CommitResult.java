package io.pullpiri.statemanager.store;

import java.util.List;

/** What became of a {@link Transaction}. */
public sealed interface CommitResult {

    /** All writes are durable, at this revision; the store's newest one if there was nothing to write or to delete. */
    record Committed(long revision) implements CommitResult {}

    /**
     * Nothing was written: somebody else wrote one of the keys. {@code current} has every key of the transaction as it is
     * now.
     */
    record Conflict(List<WatchEvent> current) implements CommitResult {

        public Conflict {
            current = List.copyOf(current);
        }
    }

    /** Nothing was written, and the same transaction will never be: too large, or invalid. */
    record Refused(String reason) implements CommitResult {}

    /** Nothing was written; the store could not be reached, is out of space, or is busy. Worth another try later. */
    record Unavailable(String reason) implements CommitResult {}

    /** The answer was lost: all or nothing was written. Only reading tells, and a write may still be under way. */
    record Unknown(String reason) implements CommitResult {}
}
