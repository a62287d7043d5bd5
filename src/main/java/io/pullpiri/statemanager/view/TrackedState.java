// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import org.jspecify.annotations.Nullable;

/**
 * The state of one resource, with its stored value and its history.
 *
 * @param value the decided state, which is in force also before it is committed; null for none
 * @param stored the value and revision of the state's key in the store. Its value differs from the
 *     decided state while a change is not committed, and after another component wrote a value that does not count.
 */
public record TrackedState<S>(@Nullable S value, Versioned<S> stored, History history) {

    /** No state, no key and no history. */
    public static <S> TrackedState<S> empty() {
        return new TrackedState<>(null, Versioned.absent(), History.NONE);
    }

    /** Whether there is no state, no stored key, and no history or one that has ended. */
    boolean isVoid() {
        return value == null && !stored.exists() && history.generation() == 0;
    }

    /** Another state in force, with its history. */
    public TrackedState<S> with(@Nullable S newValue, History newHistory) {
        return new TrackedState<>(newValue, stored, newHistory);
    }

    /** Another stored value. */
    public TrackedState<S> with(Versioned<S> newStored) {
        return new TrackedState<>(value, newStored, history);
    }

    /** Another history. */
    public TrackedState<S> with(History newHistory) {
        return new TrackedState<>(value, stored, newHistory);
    }
}
