package io.pullpiri.statemanager.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes that happen all at one revision, or not at all if one of the keys is not as it was last seen. */
public record Transaction(List<Write> writes) {

    public Transaction {
        writes = List.copyOf(writes);
    }

    /**
     * One key to be written. No two writes of a transaction have the same key.
     *
     * @param value the new value, or null to delete the key
     * @param expectedRevision the modification revision that the key must have, 0 for a key that must not exist
     */
    public record Write(String key, @Nullable String value, long expectedRevision) {}
}
