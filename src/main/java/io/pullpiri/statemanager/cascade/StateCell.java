package io.pullpiri.statemanager.cascade;

import org.jspecify.annotations.Nullable;

/**
 * The state of one resource.
 *
 * @param value the state it has; null if it has none
 * @param stored the state's key in the store; its value differs from {@code value} only while a change is under way, or
 *     after somebody else has written there what does not count
 */
public record StateCell<S>(@Nullable S value, Stored<S> stored, History history) {

    static <S> StateCell<S> empty() {
        return new StateCell<>(null, Stored.absent(), History.NONE);
    }

    /** Whether there is no state, in the store neither, and its end, if there was one, is recorded. */
    boolean isVoid() {
        return value == null && !stored.exists() && history.generation() == 0;
    }

    StateCell<S> with(@Nullable S newValue, History newHistory) {
        return new StateCell<>(newValue, stored, newHistory);
    }

    StateCell<S> with(Stored<S> newStored) {
        return new StateCell<>(value, newStored, history);
    }

    StateCell<S> with(History newHistory) {
        return new StateCell<>(value, stored, newHistory);
    }
}
