package io.pullpiri.statemanager.view;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * From which addresses a node's lists come. Two nodes of one name show by their lists' taking turns: each list replaces the
 * other node's. Nothing is concluded from that; an operator is warned. Not stored: it begins again at a start.
 *
 * @param last the address that sent the last list; empty if that is not known
 * @param lastTicks when it did, in {@link Timestamp#monotonicNanos}
 * @param former the address that sent the lists before that; empty if there was no other
 * @param formerTicks when it last did
 * @param different whether the two lists at the change between these addresses had different containers
 * @param shared the last time when the addresses took turns; null if they do not
 */
public record Peers(
        String last,
        long lastTicks,
        String former,
        long formerTicks,
        boolean different,
        @Nullable SharedName shared) {

    /** Nothing was heard since the start. */
    public static final Peers NONE = new Peers("", 0, "", 0, false, null);

    /** Within this time two addresses must alternate. */
    private static final long TURNS = TimeUnit.SECONDS.toNanos(60);

    /** When the warning ends, if they do not alternate any more. */
    private static final long FORGOTTEN = TimeUnit.MINUTES.toNanos(10);

    /**
     * Two nodes have one name, as it seems.
     *
     * @param one the address that reported first
     * @param other the address that reported between
     * @param sinceMillis when they were first seen to alternate, milliseconds since 1970
     * @param seenTicks when they last were, in {@link Timestamp#monotonicNanos}
     */
    public record SharedName(String one, String other, long sinceMillis, long seenTicks) {

        boolean isOf(String first, String second) {
            return (one.equals(first) && other.equals(second)) || (one.equals(second) && other.equals(first));
        }

        /** In words that follow the node's name. */
        public String description() {
            return "lists come in turn from " + one + " and " + other
                    + ", with different containers: two nodes seem to have this name (expected: a host name of its own for"
                    + " each node)";
        }
    }

    /**
     * A list has come.
     *
     * @param peer the address that it came from; empty if that is not known
     * @param before the containers that were known of the node
     * @param listed the containers of the list
     */
    public Peers heard(String peer, Collection<Container> before, Collection<Container> listed, Timestamp now) {
        if (peer.isEmpty()) {
            return this;
        }
        SharedName still = shared == null || now.monotonicNanos() - shared.seenTicks() > FORGOTTEN ? null : shared;
        if (peer.equals(last)) {
            return new Peers(last, now.monotonicNanos(), former, formerTicks, different, still);
        }
        boolean differs = differ(before, listed);
        boolean turns = peer.equals(former) && now.monotonicNanos() - formerTicks <= TURNS && different && differs;
        if (turns) {
            long since = still != null && still.isOf(peer, last) ? still.sinceMillis() : now.wallMillis();
            still = new SharedName(peer, last, since, now.monotonicNanos());
        }
        return new Peers(peer, now.monotonicNanos(), last, lastTicks, differs, still);
    }

    /** Whether two lists have no container in common; one of them may be empty. */
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
