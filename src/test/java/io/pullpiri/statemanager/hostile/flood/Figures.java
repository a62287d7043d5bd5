// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import org.jspecify.annotations.Nullable;

/**
 * The measured values of one run of the server.
 *
 * @param name of the run
 * @param death why the server ended and there are no further values; null if it did not end
 * @param peakMegabytes the peak of the resident memory
 * @param measured the measurements of the well-behaved clients during the attack
 * @param before the server's resources before the attack
 * @param after the server's resources at most 10 s after the attack
 */
record Figures(
        String name,
        @Nullable String death,
        double peakMegabytes,
        Measured measured,
        @Nullable Held before,
        @Nullable Held after) {

    /**
     * The resources of a server at one time.
     *
     * @param descriptors open files and connections
     * @param queue commands that wait
     * @param heapMegabytes the heap after a full collection
     */
    record Held(double descriptors, double queue, double heapMegabytes) {}
}
