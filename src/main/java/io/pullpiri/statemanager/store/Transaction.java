// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes that are all done at one revision. If the guard of one of them does not hold, none is done. */
public record Transaction(List<Write> writes) {

    public Transaction {
        writes = List.copyOf(writes);
    }

    /**
     * Returns why a store with these limits will never accept this transaction, null if it may. The reasons are too many or too
     * large writes, a key that is written twice, and a key that {@link Keys#requireValid} does not accept.
     */
    public @Nullable String refusal(int maxWrites, int maxBytes) {
        if (writes.size() > maxWrites) {
            return "writes: %d (expected: at most %d)".formatted(writes.size(), maxWrites);
        }
        Set<String> keys = new HashSet<>();
        long bytes = 0;
        for (Write write : writes) {
            try {
                Keys.requireValid(write.key());
            } catch (IllegalArgumentException e) {
                return e.getMessage();
            }
            if (!keys.add(write.key())) {
                return "key %s: written twice (expected: once in a transaction)".formatted(write.key());
            }
            bytes += write.bytes();
        }
        return bytes > maxBytes ? "size: %d bytes (expected: at most %d)".formatted(bytes, maxBytes) : null;
    }

    /**
     * Returns whether the guard of a key under the prefix does not hold.
     *
     * @param current every key of the transaction as it is stored now
     */
    public boolean isOutdated(String prefix, List<WatchEvent> current) {
        Map<String, Long> expected = new HashMap<>();
        writes.forEach(write -> expected.put(write.key(), write.expectedRevision()));
        return current.stream().filter(event -> event.key().startsWith(prefix)).anyMatch(event -> {
            long revision = event.value() == null ? 0 : event.revision();
            return revision != expected.getOrDefault(event.key(), revision);
        });
    }

    /**
     * A write of one key with its guard. No two writes of a transaction have the same key.
     *
     * @param value the new value, or null to delete the key
     * @param expectedRevision the guard: the modification revision that the key must have; 0 if the key must not exist
     */
    public record Write(String key, @Nullable String value, long expectedRevision) {

        /** Returns what the write counts towards {@link StateStore#maxBytes}: the bytes of its key and value in UTF-8. */
        public long bytes() {
            return utf8(key) + (value == null ? 0 : utf8(value));
        }

        private static long utf8(String text) {
            return text.getBytes(StandardCharsets.UTF_8).length;
        }
    }
}
