// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Transaction.Write;
import java.util.List;
import java.util.Optional;

/**
 * The version of StateManager's records in the store. A build reads its own version and all older ones. It refuses a newer
 * version before it writes anything, because it could misread or destroy what it does not know.
 *
 * <p>A new optional field keeps the version. A change that an older build would misread raises it.
 */
// [impl->req~sto-format~1]
final class StoreFormat {

    /** The version that this build writes. */
    static final long VERSION = 1;

    private StoreFormat() {}

    /**
     * Checks the version of the store.
     *
     * @param entries of the store, with the entry of its format if it has one
     * @return the write that states this build's version; empty if the store states it already
     * @throws NewerStoreException if the store states a newer version, or one that is not a number
     */
    static Optional<Write> check(List<KeyValue> entries) {
        Optional<KeyValue> stated = entries.stream()
                .filter(entry -> entry.key().equals(Keys.FORMAT))
                .findFirst();
        if (stated.isEmpty()) {
            return Optional.of(write(0));
        }
        String text = stated.get().value();
        if (!text.matches("[1-9][0-9]{0,17}")) {
            throw refused(text, "a whole number from 1 to " + VERSION);
        }
        long version = Long.parseLong(text);
        if (version > VERSION) {
            throw refused(text, "at most " + VERSION + ", because a newer StateManager has written this store");
        }
        return version == VERSION
                ? Optional.empty()
                : Optional.of(write(stated.get().modRevision()));
    }

    private static Write write(long expectedRevision) {
        return new Write(Keys.FORMAT, Long.toString(VERSION), expectedRevision);
    }

    private static NewerStoreException refused(String text, String expected) {
        String shown = text.length() > 40 ? text.substring(0, 40) + "..." : text;
        return new NewerStoreException(
                "the store's format, key %s: '%s' (expected: %s). Nothing was written. Start the newer StateManager, or use another store"
                        .formatted(Keys.FORMAT, shown, expected));
    }
}
