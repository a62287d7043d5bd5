// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A measured quantity with one value for each repetition.
 *
 * @param unit of the values, e.g. {@code ms}; {@code x} for a ratio of two quantities of the same repetition
 * @param goal the goal; null for none
 */
record Figure(
        String name,
        String unit,
        List<Double> values,
        @Nullable Goal goal) {

    /**
     * A goal.
     *
     * @param promise whether missing it is a defect, and not only a matter of speed
     */
    record Goal(String text, boolean promise, Predicate<Figure> isReached) {

        static Goal atMost(double value) {
            return new Goal("≤ " + shown(value), false, figure -> figure.median() <= value);
        }

        static Goal atLeast(double value) {
            return new Goal("≥ " + shown(value), false, figure -> figure.median() >= value);
        }

        /** Not reached in any repetition. */
        static Goal none() {
            return new Goal("none, ever", true, figure -> figure.max() <= 0);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    Figure {
        values = List.copyOf(values);
        if (values.isEmpty()) {
            throw new IllegalArgumentException(name + ": no values (expected: one at least)");
        }
    }

    double median() {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    double min() {
        return Arrays.stream(values.stream().mapToDouble(Double::doubleValue).toArray())
                .min()
                .orElseThrow();
    }

    double max() {
        return Arrays.stream(values.stream().mapToDouble(Double::doubleValue).toArray())
                .max()
                .orElseThrow();
    }

    /** Returns null if there is no goal. */
    @Nullable
    Boolean reached() {
        return goal == null ? null : goal.isReached().test(this);
    }

    boolean breaksPromise() {
        return goal != null && goal.promise() && !goal.isReached().test(this);
    }

    /** Formats with three significant digits, and more for large values. */
    static String shown(double value) {
        double size = Math.abs(value);
        return String.format(
                Locale.ROOT, size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", value);
    }
}
