// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The addresses that a node's lists come from. If two nodes have one name, their lists alternate and replace each other. This
 * only causes a warning, because it does not prove which node is meant. Not stored: it starts again at a start. Immutable.
 *
 * @param last the address that sent the last list; empty if it is not known
 * @param lastNanos when it sent the list, in {@link Timestamp#monotonicNanos}
 * @param former the other address that sent lists before; empty if there was none
 * @param formerNanos when it sent its last list, in {@link Timestamp#monotonicNanos}
 * @param different whether the lists had different containers when the address last changed
 * @param shared the warning that is in force; null if there is none
 */
// [impl->req~nod-shared-name~1]
public record Peers(
        String last,
        long lastNanos,
        String former,
        long formerNanos,
        boolean different,
        @Nullable SharedName shared) {

    /** No list has come since the start. */
    public static final Peers NONE = new Peers("", 0, "", 0, false, null);

    /** The warning begins when the former address reports again within this time. */
    private static final long ALTERNATION_WINDOW = TimeUnit.SECONDS.toNanos(60);

    /** The warning ends this long after the addresses last alternated. */
    private static final long FORGOTTEN = TimeUnit.MINUTES.toNanos(10);

    /**
     * A warning that two nodes seem to have one name.
     *
     * @param one the address that alternates with the other
     * @param other the address that reported in between
     * @param sinceMillis when they first alternated, in milliseconds since 1970
     * @param seenNanos when they last alternated, in {@link Timestamp#monotonicNanos}
     */
    public record SharedName(String one, String other, long sinceMillis, long seenNanos) {

        boolean isOf(String first, String second) {
            return (one.equals(first) && other.equals(second)) || (one.equals(second) && other.equals(first));
        }

        /** The warning as a text that continues the node's name. */
        public String description() {
            return "lists come in turn from " + one + " and " + other
                    + ", with different containers: two nodes seem to have this name (expected: a host name of its own for"
                    + " each node)";
        }
    }

    /**
     * Takes in one list.
     *
     * @param peer the address that it came from; empty if it is not known
     * @param before the containers of the node before the list
     * @param listed the containers of the list
     */
    public Peers heard(String peer, Collection<Container> before, Collection<Container> listed, Timestamp now) {
        if (peer.isEmpty()) {
            return this;
        }
        SharedName still = shared == null || now.monotonicNanos() - shared.seenNanos() > FORGOTTEN ? null : shared;
        if (peer.equals(last)) {
            return new Peers(last, now.monotonicNanos(), former, formerNanos, different, still);
        }
        boolean differs = differ(before, listed);
        boolean turns =
                peer.equals(former) && now.monotonicNanos() - formerNanos <= ALTERNATION_WINDOW && different && differs;
        if (turns) {
            long since = still != null && still.isOf(peer, last) ? still.sinceMillis() : now.wallMillis();
            still = new SharedName(peer, last, since, now.monotonicNanos());
        }
        return new Peers(peer, now.monotonicNanos(), last, lastNanos, differs, still);
    }

    /** Whether two lists have no container in common and are not both empty. */
    private static boolean differ(Collection<Container> before, Collection<Container> listed) {
        Set<String> known = new HashSet<>();
        for (Container container : before) {
            if (!container.absent()) {
                known.add(identity(container));
            }
        }
        for (Container container : listed) {
            if (known.contains(identity(container))) {
                return false;
            }
        }
        return !known.isEmpty() || !listed.isEmpty();
    }

    private static String identity(Container container) {
        return container.id() + "/" + container.name();
    }
}
