// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import java.util.Arrays;
import java.util.Collection;

/** Counts how many models or containers are in each state. Immutable. Reading allocates nothing. */
@SuppressWarnings("EnumOrdinal") // the counts live in memory only, so the order of the constants may change
public final class StateCounts<S extends Enum<S>> {

    private final int[] counts;
    private final int total;

    private StateCounts(int[] counts, int total) {
        this.counts = counts;
        this.total = total;
    }

    /** Returns counts that are all zero. */
    public static <S extends Enum<S>> StateCounts<S> none(Class<S> states) {
        return new StateCounts<>(new int[states.getEnumConstants().length], 0);
    }

    /** Counts a collection. */
    public static <S extends Enum<S>> StateCounts<S> of(Class<S> states, Collection<S> all) {
        int[] counts = new int[states.getEnumConstants().length];
        for (S state : all) {
            counts[state.ordinal()]++;
        }
        return new StateCounts<>(counts, all.size());
    }

    /** Returns the counts with one more in a state. */
    public StateCounts<S> plus(S state) {
        return changed(state, 1);
    }

    /**
     * Returns the counts with one less in a state.
     *
     * @throws IllegalArgumentException if none is in that state
     */
    public StateCounts<S> minus(S state) {
        if (count(state) == 0) {
            throw new IllegalArgumentException("state: " + state + " (expected: one that is counted in " + this + ")");
        }
        return changed(state, -1);
    }

    private StateCounts<S> changed(S state, int by) {
        int[] changed = counts.clone();
        changed[state.ordinal()] += by;
        return new StateCounts<>(changed, total + by);
    }

    /** Returns how many are in the state. */
    public int count(S state) {
        return counts[state.ordinal()];
    }

    public int total() {
        return total;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof StateCounts<?> that && Arrays.equals(counts, that.counts);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(counts);
    }

    @Override
    public String toString() {
        return Arrays.toString(counts);
    }
}
