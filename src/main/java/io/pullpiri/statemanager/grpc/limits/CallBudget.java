package io.pullpiri.statemanager.grpc.limits;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/**
 * Shares the memory of requests among calls. A request that is not whole can be ended for the sake of others; one that is whole
 * keeps its memory until its call ends. So clients that do not finish their requests cannot keep others from being served. Not
 * thread-safe.
 *
 * <ol>
 *   <li>A whole request is admitted as long as unfinished requests are what fills the memory. They are ended soon: those of the
 *       connection that has most of them, of the address that has most of them.
 *   <li>When whole requests fill the memory, a large request is refused from four fifths on, a small one when all is taken.
 *   <li>Known nodes have memory of their own besides, because a node never sends a list again: for their lists, and for what
 *       comes over a connection that has brought one.
 * </ol>
 */
final class CallBudget {

    /** What an open call takes besides its message: the stream, its headers, and the objects that serve it. */
    static final int CALL_BYTES = 8 << 10;

    /** A request with its parts that counts as small. */
    static final int SMALL_BYTES = 64 << 10;

    private static final double FOR_LARGE = 0.8;

    /** The part that unfinished requests may take at most, of whatever else there is. */
    private static final double FOR_UNFINISHED = 0.4;

    /** The part that they may take even while whole requests fill the memory: the list of a node that has just connected. */
    private static final double RESERVED = 0.1;

    /** Ending requests stops a little below the limit, so that it is not done for each piece that comes. */
    private static final double RELIEVED = 0.9;

    private final long general;
    private final long known;

    private long usedGeneral;
    private long usedKnown;
    private final UnfinishedRequests unfinished = new UnfinishedRequests();
    private final Map<String, AddressBudget> addresses = new HashMap<>();

    /** Bytes of requests that are not whole. */
    private static class UnfinishedRequests {

        private long bytes;

        final long bytes() {
            return bytes;
        }
    }

    private static final class AddressBudget extends UnfinishedRequests {

        private final Map<Object, ConnectionBudget> connections = new HashMap<>();
    }

    private static final class ConnectionBudget extends UnfinishedRequests {

        /** The oldest first. */
        private final SequencedSet<Share> shares = new LinkedHashSet<>();
    }

    /**
     * @param general bytes for all requests
     * @param known bytes for known nodes, besides
     */
    CallBudget(long general, long known) {
        this.general = general;
        this.known = known;
    }

    /** The memory of one call. */
    final class Share {

        private final String address;
        private final Object connection;
        private final Runnable end;
        private long bytes;
        private boolean whole;
        private boolean ofKnown;
        private boolean released;

        private Share(String address, Object connection, Runnable end) {
            this.address = address;
            this.connection = connection;
            this.end = end;
        }

        /** A piece of the request has come. */
        void add(long more) {
            if (released) {
                return;
            }
            count(more);
            if (ofKnown && usedKnown > known) {
                move(false);
            }
        }

        private void count(long more) {
            bytes += more;
            if (ofKnown) {
                usedKnown += more;
            } else {
                usedGeneral += more;
                if (!whole) {
                    countUnfinished(more);
                }
            }
        }

        private void countUnfinished(long more) {
            AddressBudget ofAddress = addresses.computeIfAbsent(address, any -> new AddressBudget());
            ConnectionBudget ofConnection =
                    ofAddress.connections.computeIfAbsent(connection, any -> new ConnectionBudget());
            ((UnfinishedRequests) ofAddress).bytes += more;
            ((UnfinishedRequests) ofConnection).bytes += more;
            unfinished.bytes += more;
            ofConnection.shares.add(this);
        }

        /** Counts it where it belongs now. */
        private void move(boolean toKnown) {
            long all = bytes;
            forget();
            ofKnown = toKnown;
            count(all);
        }

        /** As if it had never been counted. */
        private void forget() {
            long all = bytes;
            bytes = 0;
            if (ofKnown) {
                usedKnown -= all;
                return;
            }
            usedGeneral -= all;
            AddressBudget ofAddress = addresses.get(address);
            ConnectionBudget ofConnection = ofAddress == null ? null : ofAddress.connections.get(connection);
            if (ofAddress == null || ofConnection == null || !ofConnection.shares.remove(this)) {
                return; // it was whole
            }
            unfinished.bytes -= all;
            ((UnfinishedRequests) ofAddress).bytes -= all;
            ((UnfinishedRequests) ofConnection).bytes -= all;
            if (ofConnection.shares.isEmpty()) {
                ofAddress.connections.remove(connection);
            }
            if (ofAddress.connections.isEmpty()) {
                addresses.remove(address);
            }
        }

        /**
         * The request is whole: it is not ended for the sake of others any more.
         *
         * @param more what it takes besides the bytes that have come
         * @param fromKnownNode whether it is a list of a node that is known
         * @return whether it may be served; if not, the caller ends the call
         */
        boolean admit(long more, boolean fromKnownNode) {
            if (released) {
                return false;
            }
            long all = bytes + more;
            forget();
            whole = true;
            ofKnown = fromKnownNode && usedKnown + all <= known;
            count(all);
            boolean favoured = fromKnownNode || all <= SMALL_BYTES;
            return ofKnown || usedGeneral - unfinished.bytes <= (favoured ? general : general * FOR_LARGE);
        }

        /** Gives the memory back. Has no effect the second time. */
        void release() {
            if (!released) {
                forget();
                released = true;
            }
        }
    }

    /**
     * A call has begun.
     *
     * @param connection what its connection is known by
     * @param trusted whether the connection has brought a list of a known node before
     * @param end ends the call; called from {@link #relieve}
     */
    Share begin(String address, Object connection, boolean trusted, Runnable end) {
        Share share = new Share(address, connection, end);
        share.ofKnown = trusted;
        share.add(CALL_BYTES);
        return share;
    }

    /** Whether requests that are not whole are to be ended: {@link #relieve} does it. */
    boolean isExceeded() {
        return isOver(1);
    }

    private boolean isOver(double part) {
        boolean full = usedGeneral > general * FOR_LARGE * part;
        return unfinished.bytes > general * (full ? RESERVED : FOR_UNFINISHED) * part;
    }

    /** Ends requests that are not whole until enough is free or none is left. */
    void relieve() {
        if (!isExceeded()) {
            return;
        }
        List<Share> ended = new ArrayList<>();
        while (isOver(RELIEVED)) {
            ConnectionBudget largest = largest();
            if (largest == null) {
                break;
            }
            while (!largest.shares.isEmpty() && isOver(RELIEVED)) {
                Share oldest = largest.shares.getFirst();
                oldest.release();
                ended.add(oldest);
            }
        }
        ended.forEach(share -> share.end.run());
    }

    private @Nullable ConnectionBudget largest() {
        Comparator<UnfinishedRequests> byBytes = Comparator.comparingLong(UnfinishedRequests::bytes);
        return addresses.values().stream()
                .max(byBytes)
                .flatMap(address -> address.connections.values().stream().max(byBytes))
                .orElse(null);
    }

    /** Bytes that requests take. */
    long used() {
        return usedGeneral + usedKnown;
    }
}
