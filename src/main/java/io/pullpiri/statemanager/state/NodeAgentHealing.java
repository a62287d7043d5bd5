// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import java.time.Duration;
import java.util.Optional;

/**
 * What NodeAgent does about an ended container, as Pullpiri implements it: it starts the first container of a pod again at once,
 * and then 20, 40, 80 and 160 s after its last restart. It does so at most five times for a container id, and never again once
 * 300 s have passed since the last restart. Pure functions.
 */
public final class NodeAgentHealing {

    /** How long NodeAgent and the next container list may take after NodeAgent's turn. */
    public static final Duration MARGIN = Duration.ofSeconds(3);

    private static final int MOST_RESTARTS = 5;
    private static final Duration FIRST_BACKOFF = Duration.ofSeconds(10);
    private static final Duration LAST_MOMENT = Duration.ofMinutes(5);

    private NodeAgentHealing() {}

    /**
     * An ended container.
     *
     * @param first whether it is the first container of its pod, or may be
     * @param restarts how often its id was started again
     * @param ranFor from its last start to its end; zero if it is not known
     */
    public record EndedContainer(boolean first, boolean exitCodeIsZero, int restarts, Duration ranFor) {}

    /**
     * How long after its end NodeAgent starts a container again.
     *
     * @return empty if NodeAgent does not start it again
     */
    // [impl->req~rec-node-agent-first~1]
    public static Optional<Duration> restartsAfter(RestartPolicy policy, EndedContainer container) {
        if (!container.first || !policy.restarts(container.exitCodeIsZero)) {
            return Optional.empty();
        }
        if (container.restarts == 0) {
            return Optional.of(Duration.ZERO);
        }
        if (container.restarts >= MOST_RESTARTS || container.ranFor.compareTo(LAST_MOMENT) >= 0) {
            return Optional.empty();
        }
        Duration rest = FIRST_BACKOFF.multipliedBy(1L << container.restarts).minus(container.ranFor);
        return Optional.of(rest.isNegative() ? Duration.ZERO : rest);
    }
}
