package io.pullpiri.statemanager.store;

import java.util.List;

/** What became of a {@link Transaction}. */
public sealed interface CommitResult {

    /** Why it was not committed, in words; empty if it was. */
    default String reason() {
        return "";
    }

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

        @Override
        public String reason() {
            return "somebody else has written the same keys";
        }
    }

    /** Nothing was written, and the same transaction will never be: too large, or invalid. */
    record Refused(String reason) implements CommitResult {}

    /**
     * The store refused for a reason that is not known: it may concern this transaction, or all of them. If something was
     * written all the same, the guards of the same transaction do not hold any more. A write of another key tells which
     * it is.
     */
    record Unexplained(String reason) implements CommitResult {}

    /** Nothing was written; the store could not be reached, takes no writes from us, is out of space, or is busy. Retry later. */
    record Unavailable(String reason) implements CommitResult {}

    /** The answer was lost: all or nothing was written. Only reading tells, and a write may still be under way. */
    record Unknown(String reason) implements CommitResult {}
}
