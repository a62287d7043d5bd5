// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.netty.channel.ChannelFuture;
import io.netty.channel.embedded.EmbeddedChannel;
import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.Anomalies;
import io.pullpiri.statemanager.manager.Anomalies.RefusalLabels;
import io.pullpiri.statemanager.manager.Clock;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** All clients have one address, so above three quarters of the places a new connection replaces one of them. */
class ConnectionsTest {

    private static final InetSocketAddress PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 47_007);
    private static final InetSocketAddress FAULT_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 47_008);
    private static final int PLACES = 4;
    private static final int MAX = 3;
    private static final RefusalLabels REPLACED = new RefusalLabels("grpc-connections", "replaced");
    private static final RefusalLabels NO_PLACE = new RefusalLabels("grpc-connections", "address");

    private final Anomalies anomalies = new Anomalies(Clock.system());
    private final Connections connections = new Connections(anomalies);
    private final AddressShares places = new AddressShares(PLACES);
    private final List<Client> clients = new ArrayList<>();

    /** The server's end of a connection. */
    private static final class Client extends EmbeddedChannel {

        private final SocketAddress local;
        private final SocketAddress remote;

        Client(SocketAddress local, int port) {
            this.local = local;
            this.remote = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        }

        @Override
        protected SocketAddress localAddress0() {
            return local;
        }

        @Override
        protected SocketAddress remoteAddress0() {
            return remote;
        }

        Attributes call() {
            return Attributes.newBuilder()
                    .set(Grpc.TRANSPORT_ATTR_LOCAL_ADDR, local)
                    .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, remote)
                    .build();
        }
    }

    @AfterEach
    void release() {
        clients.forEach(EmbeddedChannel::finishAndReleaseAll);
    }

    private Client client(SocketAddress local, int port) {
        Client client = new Client(local, port);
        clients.add(client);
        return client;
    }

    private Client accepted(int port) {
        Client client = client(PORT, port);
        assertThat(connections.accept(client, places)).isTrue();
        return client;
    }

    /** Opens as many connections as one address may have. */
    private List<Client> acceptAll() {
        List<Client> all = new ArrayList<>();
        for (int i = 0; i < MAX; i++) {
            all.add(accepted(1_000 + i));
        }
        return all;
    }

    private Connections.Connection of(Client client) {
        return Objects.requireNonNull(connections.of(client.call()), "it is gone");
    }

    @Test
    void idleConnection_isClosedForANewOne() {
        List<Client> all = acceptAll();
        of(all.getFirst()).beginAnswer();
        of(all.getFirst()).endAnswer();

        Client another = accepted(2_000);

        assertThat(all).extracting(Client::isOpen).containsExactly(true, false, true);
        assertThat(another.isOpen()).isTrue();
        assertThat(connections.of(all.get(1).call())).isNull();
        assertThat(anomalies.refusals()).isEqualTo(Map.of(REPLACED, 1L));
    }

    @Test
    void connectionWithACallInProgress_isKeptAndTheNewOneRefused() {
        List<Client> all = acceptAll();
        all.forEach(client -> of(client).beginAnswer());
        of(all.getFirst()).beginAnswer();
        of(all.getFirst()).endAnswer();

        assertThat(connections.accept(client(PORT, 2_000), places)).isFalse();
        assertThat(all).extracting(Client::isOpen).containsOnly(true);
        assertThat(anomalies.refusals()).isEqualTo(Map.of(NO_PLACE, 1L));

        of(all.getFirst()).endAnswer();
        assertThat(connections.accept(client(PORT, 2_001), places)).isTrue();
        assertThat(all.getFirst().isOpen()).isFalse();
    }

    @Test
    void idleConnectionOfAKnownNode_isKept() {
        List<Client> all = acceptAll();
        for (Client client : all) {
            assertThat(of(client).isOfKnownNode()).isFalse();
            of(client).beginAnswer();
            of(client).keep();
            of(client).endAnswer();
            assertThat(of(client).isOfKnownNode()).isTrue();
        }

        assertThat(connections.accept(client(PORT, 2_000), places)).isFalse();
        assertThat(all).extracting(Client::isOpen).containsOnly(true);
    }

    @Test
    void closedConnection_returnsItsPlace() {
        List<Client> all = acceptAll();
        all.forEach(client -> of(client).keep());
        assertThat(places.used()).isEqualTo(MAX);

        ChannelFuture _ = all.getLast().close();

        assertThat(places.used()).isEqualTo(MAX - 1);
        assertThat(connections.of(all.getLast().call())).isNull();
        accepted(2_000);
        assertThat(anomalies.refusals()).isEmpty();
    }

    @Test
    void portsHaveTheirOwnPlaces_andOneClientPortMayConnectToBoth() {
        List<Client> all = acceptAll();
        all.forEach(client -> of(client).keep());
        AddressShares others = new AddressShares(PLACES);
        Client toFaults = client(FAULT_PORT, 1_000);

        assertThat(connections.accept(toFaults, others)).isTrue();

        assertThat(of(toFaults)).isNotSameAs(of(all.getFirst()));
        of(toFaults).close();
        assertThat(toFaults.isOpen()).isFalse();
        assertThat(all.getFirst().isOpen()).isTrue();
        assertThat(others.used()).isZero();
    }

    @Test
    void moreThan20UnreadRefusals_closeTheConnection() {
        Client client = accepted(1_000);
        for (int i = 0; i < 20; i++) {
            of(client).refused();
        }
        assertThat(client.isOpen()).isTrue();
        of(client).refused();
        assertThat(client.isOpen()).isFalse();
        assertThat(anomalies.refusals()).isEqualTo(Map.of(new RefusalLabels("grpc-answers", "refusals"), 1L));
    }

    @Test
    void refusalsThatAreRead_doNotCount() {
        Client client = accepted(1_000);
        for (int i = 0; i < 100; i++) {
            of(client).refused();
            of(client).refusalRead();
        }
        assertThat(client.isOpen()).isTrue();
    }
}
