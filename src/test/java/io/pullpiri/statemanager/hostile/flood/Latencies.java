// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Records how long requests of one kind took, and how many were not answered. May be used from any thread. */
final class Latencies {

    private static final int EXAMPLES = 3;

    // Guarded by this.
    private final List<Long> answered = new ArrayList<>();
    private final List<String> examples = new ArrayList<>();
    private int failed;

    synchronized void answered(long nanos) {
        answered.add(nanos);
    }

    synchronized void failed(String why) {
        failed++;
        if (examples.size() < EXAMPLES) {
            examples.add(why);
        }
    }

    synchronized int answers() {
        return answered.size();
    }

    synchronized int failures() {
        return failed;
    }

    /** Returns the 99th percentile in milliseconds. A request without an answer counts as infinitely long. */
    synchronized double p99Millis() {
        long[] sorted = answered.stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
        int all = sorted.length + failed;
        int index = (int) Math.ceil(all * 0.99) - 1;
        return index >= 0 && index < sorted.length
                ? sorted[index] / (double) TimeUnit.MILLISECONDS.toNanos(1)
                : Double.POSITIVE_INFINITY;
    }

    /** Returns a few of the failures; empty if there were none. */
    synchronized String examples() {
        return examples.isEmpty() ? "" : String.join("; ", examples);
    }
}
