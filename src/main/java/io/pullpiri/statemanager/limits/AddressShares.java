// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.limits;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/**
 * Divides the places of one global limit among client addresses. May be used from any thread.
 *
 * <p>Many well-behaved clients can share one address (loopback, a proxy). So addresses do not count while fewer than three
 * quarters of the places are taken. Above that, these rules apply:
 *
 * <ol>
 *   <li>The share of an address is the limit divided by the number of addresses plus one. The last part is the reserve for an
 *       address that holds nothing yet.
 *   <li>An address that holds its share or more gets a place only in exchange for a reusable place of its own. Without one, it
 *       is refused.
 *   <li>An address below its share is admitted. If all places are taken, the address that holds the most places loses one: the
 *       one that is reusable for the longest time, else its newest.
 * </ol>
 *
 * <p>So one address never takes all places, and a new address is refused only if every other holds as little as it does.
 */
public final class AddressShares {

    private final int limit;

    /** The number of taken places at which addresses begin to count. */
    private final int threshold;

    // Guarded by this.
    private final Map<String, AddressPlaces> holders = new HashMap<>();
    private int used;

    /** The places that an address holds. The oldest one comes first in both sets. */
    private static final class AddressPlaces {

        private final SequencedSet<Place> all = new LinkedHashSet<>();
        private final SequencedSet<Place> reusable = new LinkedHashSet<>();
    }

    /** The outcome of a request for a place. */
    public sealed interface Admission permits Place, NoPlace {}

    /** There is no place for this address. */
    public record NoPlace(Reason reason, int held, int used) implements Admission {}

    /** Why an address is refused; the label {@code reason} of the metric of refusals. */
    public enum Reason {
        /** The address holds its share or more while at least three quarters of the places are taken. */
        ADDRESS,
        /** All places are taken, and no address holds more than this one. */
        FULL;

        /** Returns the value of the label {@code reason}. */
        public String label() {
            return this == ADDRESS ? "address" : "full";
        }
    }

    /** A place that an address holds until it is released or given to another client. */
    public final class Place implements Admission {

        private final String address;
        private final Runnable onTaken;

        private Place(String address, Runnable onTaken) {
            this.address = address;
            this.onTaken = onTaken;
        }

        /**
         * Says whether the client would lose nothing of value with this place: it has not asked for anything yet, or everything
         * it asked for is answered. Has no effect on a place that was released or taken away.
         */
        public void setReusable(boolean reusable) {
            synchronized (AddressShares.this) {
                AddressPlaces holder = holders.get(address);
                if (holder == null || !holder.all.contains(this)) {
                    return;
                }
                if (reusable) {
                    holder.reusable.add(this);
                } else {
                    holder.reusable.remove(this);
                }
            }
        }

        /** Gives the place back. Has no effect the second time, or on a place that was taken away. */
        public void release() {
            synchronized (AddressShares.this) {
                remove(this);
            }
        }
    }

    /**
     * Creates shares of which none is taken.
     *
     * @param limit the number of places, at least 1
     */
    public AddressShares(int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit: " + limit + " (expected: at least 1)");
        }
        this.limit = limit;
        this.threshold = limit - limit / 4;
    }

    /**
     * Returns the text by which a client's address counts. An IPv6 client usually has a whole network of 64 bits, so that network
     * counts as one address.
     */
    public static String addressOf(@Nullable SocketAddress client) {
        InetAddress address = client instanceof InetSocketAddress inet ? inet.getAddress() : null;
        if (address == null) {
            return String.valueOf(client);
        }
        return address instanceof Inet6Address && !address.isLoopbackAddress()
                ? HexFormat.ofDelimiter(":").formatHex(address.getAddress(), 0, 8) + "::/64"
                : address.getHostAddress();
    }

    /** Asks for a place that is reusable at first; see {@link #tryAcquire(String, boolean, Runnable)}. */
    public Admission tryAcquire(String address, Runnable onTaken) {
        return tryAcquire(address, true, onTaken);
    }

    /**
     * Asks for a place.
     *
     * @param address from {@link #addressOf}
     * @param reusable as in {@link Place#setReusable}
     * @param onTaken ends the client if its place is given to another one; called at most once, by the thread that asks for
     *     the other place, without a lock
     * @return a {@link Place}, which the caller releases, or {@link NoPlace}
     */
    public Admission tryAcquire(String address, boolean reusable, Runnable onTaken) {
        Place place = new Place(address, onTaken);
        Place taken;
        synchronized (this) {
            AddressPlaces holder = holders.get(address);
            int held = holder == null ? 0 : holder.all.size();
            taken = null;
            if (used >= threshold && held >= share(holder == null ? 1 : 0)) {
                taken = holder == null || holder.reusable.isEmpty() ? null : holder.reusable.getFirst();
                if (taken == null) {
                    return new NoPlace(Reason.ADDRESS, held, used);
                }
            } else if (used >= limit) {
                taken = placeOfLargest(held);
                if (taken == null) {
                    return new NoPlace(Reason.FULL, held, used);
                }
            }
            if (taken != null) {
                remove(taken);
            }
            AddressPlaces owner = holders.computeIfAbsent(address, any -> new AddressPlaces());
            owner.all.add(place);
            if (reusable) {
                owner.reusable.add(place);
            }
            used++;
        }
        if (taken != null) {
            taken.onTaken.run();
        }
        return place;
    }

    /** Returns the share of an address. It is at least 1, so that an address without places is never over its share. */
    private int share(int newAddresses) {
        return Math.max(1, limit / (holders.size() + newAddresses + 1));
    }

    /** Returns a place of the address that holds the most; null if none holds at least two more than the asking one. */
    private @Nullable Place placeOfLargest(int held) {
        AddressPlaces largest = holders.values().stream()
                .max(Comparator.comparingInt(holder -> holder.all.size()))
                .orElse(null);
        if (largest == null || largest.all.size() < held + 2) {
            return null;
        }
        return largest.reusable.isEmpty() ? largest.all.getLast() : largest.reusable.getFirst();
    }

    private void remove(Place place) {
        AddressPlaces holder = holders.get(place.address);
        if (holder != null && holder.all.remove(place)) {
            holder.reusable.remove(place);
            used--;
            if (holder.all.isEmpty()) {
                holders.remove(place.address);
            }
        }
    }

    /** Returns how many places there are. */
    public int limit() {
        return limit;
    }

    /** Returns how many places are taken. */
    public synchronized int used() {
        return used;
    }
}
