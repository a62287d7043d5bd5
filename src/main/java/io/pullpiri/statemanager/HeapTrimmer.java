package io.pullpiri.statemanager;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Collects garbage when the heap has grown, and so returns memory to the system. The serial collector takes all of its heap
 * before it collects the old generation, however little of that generation is alive. A flood of requests, or a long time, would
 * make the process as large as its limit. See docs/decisions/0009.
 */
public final class HeapTrimmer implements AutoCloseable {

    /** The heap may grow by so many bytes since the last collection. */
    private static final long STEP = 8L << 20;

    /** The start fills the heap once, with what stays. */
    private static final long FIRST_CHECK_MILLIS = 2_000;

    private static final long CHECK_MILLIS = 100;

    private final ScheduledExecutorService thread;

    // For the thread.
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
