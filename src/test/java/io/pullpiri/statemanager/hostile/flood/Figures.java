package io.pullpiri.statemanager.hostile.flood;

import org.jspecify.annotations.Nullable;

/**
 * What one run of the server measured.
 *
 * @param name of the run
 * @param death why there are no further figures; null if the server lived
 * @param peakMegabytes the most that was resident
 * @param measured what the well-behaved clients saw while the attack lasted
 * @param before what the server held before the attack
 * @param after what it held at most 10 s after the attack
 */
record Figures(
        String name,
        @Nullable String death,
        double peakMegabytes,
        Measured measured,
        @Nullable Held before,
        @Nullable Held after) {

    /**
     * What a server holds at one moment.
     *
     * @param descriptors open files and connections
     * @param queue commands that wait
     * @param heapMegabytes the heap after a full collection
     */
    record Held(double descriptors, double queue, double heapMegabytes) {}
}
