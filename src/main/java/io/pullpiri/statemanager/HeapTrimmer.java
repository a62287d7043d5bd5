// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Collects garbage when the heap has grown, which returns memory to the system (see docs/decisions/0009). The serial collector
 * uses its whole heap before it collects the old generation, even if little of that generation is in use. So a flood of
 * requests, or a long run, would make the process as large as its limit.
 */
public final class HeapTrimmer implements AutoCloseable {

    /** How many bytes the heap may grow after a collection. */
    private static final long STEP = 8L << 20;

    /** No check during the start, which fills the heap with data that stays. */
    private static final long FIRST_CHECK_MILLIS = 2_000;

    private static final long CHECK_MILLIS = 100;

    private final ScheduledExecutorService thread;

    // Only the thread uses it.
    private long trimmed;

    private HeapTrimmer(ScheduledExecutorService thread) {
        this.thread = thread;
        this.trimmed = Runtime.getRuntime().totalMemory();
    }

    /** Starts a daemon thread, which ends when the trimmer is closed. */
    public static HeapTrimmer start() {
        HeapTrimmer trimmer = new HeapTrimmer(Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("heap").daemon().factory()));
        var _ = trimmer.thread.scheduleWithFixedDelay(
                trimmer::check, FIRST_CHECK_MILLIS, CHECK_MILLIS, TimeUnit.MILLISECONDS);
        return trimmer;
    }

    private void check() {
        long total = Runtime.getRuntime().totalMemory();
        if (total > trimmed + STEP) {
            System.gc();
            trimmed = Runtime.getRuntime().totalMemory();
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
