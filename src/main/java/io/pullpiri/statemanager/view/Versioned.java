// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import org.jspecify.annotations.Nullable;

/**
 * The value of one key of the store, with its revision.
 *
 * @param value null for a key that does not exist, or whose value cannot be read
 * @param revision the revision of the commit that last wrote the key; 0 for a key that does not exist
 */
public record Versioned<T>(@Nullable T value, long revision) {

    private static final Versioned<?> ABSENT = new Versioned<>(null, 0);

    /** A key that does not exist. */
    @SuppressWarnings("unchecked") // it holds no value of any type
    public static <T> Versioned<T> absent() {
        return (Versioned<T>) ABSENT;
    }

    /** The estimated memory of a text in bytes. */
    static long bytes(Versioned<String> text) {
        return text.value() == null ? 0 : 60L + text.value().length();
    }

    /** Whether the key exists. */
    public boolean exists() {
        return revision != 0;
    }
}
