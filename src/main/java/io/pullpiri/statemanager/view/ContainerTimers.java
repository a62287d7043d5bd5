// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import java.util.Map;

/**
 * Times of a node's containers by name, in {@link Timestamp#monotonicNanos}. They are not stored: a start computes them from the
 * times in the containers' records.
 *
 * @param graceEnds the ends of the grace periods of absent containers
 * @param stoppedSince since when lists name containers as ended in the way that NodeAgent stops a container
 */
public record ContainerTimers(Map<String, Long> graceEnds, Map<String, Long> stoppedSince) {

    /** No times. */
    public static final ContainerTimers NONE = new ContainerTimers(Map.of(), Map.of());

    public ContainerTimers {
        graceEnds = Map.copyOf(graceEnds);
        stoppedSince = Map.copyOf(stoppedSince);
    }
}
