// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.limits.AddressShares.NoPlace;
import io.pullpiri.statemanager.limits.AddressShares.Place;
import io.pullpiri.statemanager.limits.AddressShares.Reason;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressSharesTest {

    private static final int LIMIT = 100;

    private final AddressShares shares = new AddressShares(LIMIT);
    private final List<String> taken = new ArrayList<>();

    private AddressShares.Admission ask(String address, String client) {
        return shares.tryAcquire(address, () -> taken.add(client));
    }

    private Place admit(String address, String client) {
        if (ask(address, client) instanceof Place place) {
            return place;
        }
        throw new AssertionError(client + " is refused");
    }

    private NoPlace refuse(String address, String client) {
        if (ask(address, client) instanceof NoPlace refused) {
            return refused;
        }
        throw new AssertionError(client + " is admitted");
    }

    /** Clients that are being served, so that their places are not reusable. */
    private List<Place> serve(String address, int count) {
        List<Place> places = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Place place = admit(address, address + i);
            place.setReusable(false);
            places.add(place);
        }
        return places;
    }

    @Test
    void oneAddress_getsThreeQuartersAndTheRestIsReserved() {
        serve("a", 75);
        assertThat(refuse("a", "one more")).isEqualTo(new NoPlace(Reason.ADDRESS, 75, 75));
        serve("b", 25);
        assertThat(shares.used()).isEqualTo(LIMIT);
        assertThat(taken).isEmpty();
    }

    @Test
    void addresses_doNotCountBelowThreeQuarters() {
        serve("a", 50);
        serve("b", 25);
        assertThat(refuse("a", "a")).isEqualTo(new NoPlace(Reason.ADDRESS, 50, 75));
    }

    @Test
    void manyAddresses_haveTheSameShareAndLeaveAReserve() {
        for (int address = 0; address < 9; address++) {
            serve("address" + address, 10);
        }
        assertThat(shares.used()).isEqualTo(90);
        for (int address = 0; address < 9; address++) {
            assertThat(refuse("address" + address, "").reason()).isEqualTo(Reason.ADDRESS);
        }
        serve("new", 9);
        assertThat(refuse("new", "").reason()).isEqualTo(Reason.ADDRESS);
    }

    @Test
    void newAddressWhenFull_getsAPlaceOfTheLargestHolder() {
        serve("a", 75);
        serve("b", 25);
        serve("c", 3);
        // None of them is reusable, so the newest ones end.
        assertThat(taken).containsExactly("a74", "a73", "a72");
        assertThat(shares.used()).isEqualTo(LIMIT);
    }

    @Test
    void largestHolder_losesTheLongestReusablePlaceFirst() {
        List<Place> places = serve("a", 75);
        serve("b", 25);
        places.get(40).setReusable(true);
        places.get(10).setReusable(true);
        places.get(20).setReusable(true);
        places.get(20).setReusable(false);
        serve("c", 3);
        assertThat(taken).containsExactly("a40", "a10", "a74");
    }

    @Test
    void addressOverItsShare_exchangesItsOwnReusablePlaces() {
        serve("a", 73);
        admit("a", "silent1");
        admit("a", "silent2");
        Place third = admit("a", "third");
        assertThat(taken).containsExactly("silent1");
        third.setReusable(false);
        admit("a", "fourth").setReusable(false);
        assertThat(taken).containsExactly("silent1", "silent2");
        assertThat(refuse("a", "fifth").reason()).isEqualTo(Reason.ADDRESS);
        assertThat(shares.used()).isEqualTo(75);
    }

    @Test
    void fullWithEqualHolders_rejectsANewAddress() {
        for (int address = 0; address < LIMIT; address++) {
            serve("address" + address, 1);
        }
        assertThat(refuse("new", "")).isEqualTo(new NoPlace(Reason.FULL, 0, LIMIT));
    }

    @Test
    void place_isReleasedOnceAlsoAfterItWasTaken() {
        List<Place> places = serve("a", 75);
        serve("b", 25);
        serve("c", 1);
        places.getLast().release();
        places.getLast().setReusable(true);
        assertThat(shares.used()).isEqualTo(LIMIT);
        places.getFirst().release();
        places.getFirst().release();
        assertThat(shares.used()).isEqualTo(LIMIT - 1);
        places.forEach(Place::release);
        assertThat(shares.used()).isEqualTo(26);
    }

    @Test
    void smallestLimit_isOne() {
        assertThat(new AddressShares(1).tryAcquire("a", () -> {})).isInstanceOf(Place.class);
        assertThatThrownBy(() -> new AddressShares(0)).hasMessage("limit: 0 (expected: at least 1)");
    }

    /** A client in the property below. */
    private static final class Client {

        private final String address;
        private @Nullable Place place;

        private Client(String address) {
            this.address = address;
        }
    }

    /** Steps below 70 ask for a place; the others release one. */
    @Property(tries = 500)
    void anySequence_staysWithinTheLimitAndRejectsNoAddressBelowItsShare(
            @ForAll @IntRange(min = 1, max = 20) int limit,
            @ForAll @Size(max = 200) List<@IntRange(max = 99) Integer> steps) {
        AddressShares small = new AddressShares(limit);
        List<Client> held = new ArrayList<>();
        for (int step : steps) {
            if (step >= 70 && !held.isEmpty()) {
                Objects.requireNonNull(held.remove(step % held.size()).place).release();
            } else {
                Client client = new Client("a" + step % 7);
                switch (small.tryAcquire(client.address, () -> held.remove(client))) {
                    case Place place -> {
                        client.place = place;
                        place.setReusable(step % 2 == 0);
                        held.add(client);
                    }
                    case NoPlace _ -> requireGoodReason(client.address, limit, held);
                }
            }
            assertThat(small.used()).isEqualTo(held.size()).isLessThanOrEqualTo(limit);
        }
    }

    private static void requireGoodReason(String address, int limit, List<Client> held) {
        Map<String, Long> counts =
                held.stream().collect(Collectors.groupingBy(client -> client.address, Collectors.counting()));
        long mine = counts.getOrDefault(address, 0L);
        long most = counts.values().stream().mapToLong(Long::longValue).max().orElse(0);
        int addresses = counts.size() + (mine == 0 ? 1 : 0);
        boolean overItsShare = held.size() * 4 >= limit * 3 && mine >= Math.max(1, limit / (addresses + 1));
        boolean fullOfEquals = held.size() == limit && most <= mine + 1;
        assertThat(overItsShare || fullOfEquals)
                .as("%s is refused, of %d places these are taken: %s", address, limit, counts)
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.1",
        "::ffff:10.0.0.7, 10.0.0.7",
        "::1, 0:0:0:0:0:0:0:1",
        "2001:db8:1:2:3:4:5:6, 20:01:0d:b8:00:01:00:02::/64",
        "2001:db8:1:2::9, 20:01:0d:b8:00:01:00:02::/64",
    })
    void ipv6ClientsOfOneNetwork_areOneAddress(String client, String address) {
        assertThat(AddressShares.addressOf(new InetSocketAddress(client, 4711))).isEqualTo(address);
    }

    @Test
    void clientWithoutAnAddress_countsAsOneAddress() {
        SocketAddress odd = new SocketAddress() {
            @Override
            public String toString() {
                return "local";
            }
        };
        assertThat(AddressShares.addressOf(odd)).isEqualTo("local");
        assertThat(AddressShares.addressOf(null)).isEqualTo("null");
    }
}
