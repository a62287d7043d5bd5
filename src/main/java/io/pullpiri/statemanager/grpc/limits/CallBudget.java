// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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
 * Divides the memory of requests among calls. An unfinished request can be ended to free memory; a whole request keeps its memory
 * until its call ends. So clients with unfinished requests cannot block other clients. Not thread-safe. See
 * docs/decisions/0011.
 *
 * <ol>
 *   <li>A whole request is admitted while unfinished requests fill the memory. Unfinished requests are ended soon after. First come
 *       those of the address with the most unfinished bytes, and there of the connection with the most.
 *   <li>When whole requests fill the memory, a large request is refused from four fifths on, and a small one at the limit.
 *   <li>Known nodes have additional memory, because a node does not send a list again. It is for their lists, and for all
 *       requests on a connection that has brought such a list.
 * </ol>
 */
final class CallBudget {

    /** The memory of an open call without its message: the stream, its headers and the objects that serve it. */
    static final int CALL_BYTES = 8 << 10;

    /** The largest size, parts included, of a small request. */
    static final int SMALL_BYTES = 64 << 10;

    /** The part of the general memory from which on a large request is refused. */
    private static final double FOR_LARGE = 0.8;

    /** The part of the general memory that unfinished requests may take while whole requests leave room. */
    private static final double FOR_UNFINISHED = 0.4;

    /** The part that they may always take. It lets a node that has just connected send its list. */
    private static final double RESERVED = 0.1;

    /** The part of a limit at which the ending of requests stops. It is below 1, so that not every new piece ends requests. */
    private static final double RELIEVED = 0.9;

    private final long general;
    private final long known;

    private long usedGeneral;
    private long usedKnown;
    private final UnfinishedRequests unfinished = new UnfinishedRequests();
    private final Map<String, AddressBudget> addresses = new HashMap<>();

    /** The bytes of unfinished requests. */
    private static class UnfinishedRequests {

        private long bytes;

        final long bytes() {
            return bytes;
        }
    }

    /** The unfinished requests of one address. */
    private static final class AddressBudget extends UnfinishedRequests {

        private final Map<Object, ConnectionBudget> connections = new HashMap<>();
    }

    /** The unfinished requests of one connection. */
    private static final class ConnectionBudget extends UnfinishedRequests {

        /** The unfinished requests, the oldest first. */
        private final SequencedSet<Share> shares = new LinkedHashSet<>();
    }

    /**
     * @param general the bytes for all requests
     * @param known the additional bytes for known nodes
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

        /** Counts a piece of the request that was received. */
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

        /** Moves the request between the memory of known nodes and the general memory. */
        private void move(boolean toKnown) {
            long all = bytes;
            forget();
            ofKnown = toKnown;
            count(all);
        }

        /** Removes the request from all sums. */
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
                return; // a whole request is in no set
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
         * Admits a whole request, or refuses it. An admitted request is not ended to free memory.
         *
         * @param more the memory that the request takes in addition to its bytes
         * @param fromKnownNode whether the request is the list of a known node
         * @return whether the request may be served; if not, the caller ends the call
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
            boolean upToLimit = fromKnownNode || all <= SMALL_BYTES;
            return ofKnown || usedGeneral - unfinished.bytes <= (upToLimit ? general : general * FOR_LARGE);
        }

        /** Returns the memory. Has no effect the second time. */
        void release() {
            if (!released) {
                forget();
                released = true;
            }
        }
    }

    /**
     * Counts a new call.
     *
     * @param connection the key of the call's connection
     * @param trusted whether the connection has brought the list of a known node
     * @param end ends the call; {@link #relieve} calls it
     */
    Share begin(String address, Object connection, boolean trusted, Runnable end) {
        Share share = new Share(address, connection, end);
        share.ofKnown = trusted;
        share.add(CALL_BYTES);
        return share;
    }

    /** Returns whether unfinished requests take too much memory. {@link #relieve} ends them. */
    boolean isExceeded() {
        return isOver(1);
    }

    private boolean isOver(double part) {
        boolean full = usedGeneral > general * FOR_LARGE * part;
        return unfinished.bytes > general * (full ? RESERVED : FOR_UNFINISHED) * part;
    }

    /** Ends unfinished requests until enough memory is free or none is left. */
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

    /** Returns the bytes that all requests take. */
    long used() {
        return usedGeneral + usedKnown;
    }
}
