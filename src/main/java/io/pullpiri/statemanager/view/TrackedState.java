package io.pullpiri.statemanager.view;

import org.jspecify.annotations.Nullable;

/**
 * The state of one resource.
 *
 * @param value the state it has; null if it has none
 * @param stored the state's key in the store; its value differs from {@code value} only while a change is under way, or
 *     after somebody else has written there what does not count
 */
public record TrackedState<S>(@Nullable S value, Versioned<S> stored, History history) {

    public static <S> TrackedState<S> empty() {
        return new TrackedState<>(null, Versioned.absent(), History.NONE);
    }

    /** Whether there is no state, in the store neither, and its end, if there was one, is recorded. */
    boolean isVoid() {
        return value == null && !stored.exists() && history.generation() == 0;
    }

    public TrackedState<S> with(@Nullable S newValue, History newHistory) {
        return new TrackedState<>(newValue, stored, newHistory);
    }

    public TrackedState<S> with(Versioned<S> newStored) {
        return new TrackedState<>(value, newStored, history);
    }

    public TrackedState<S> with(History newHistory) {
        return new TrackedState<>(value, stored, newHistory);
    }
}
