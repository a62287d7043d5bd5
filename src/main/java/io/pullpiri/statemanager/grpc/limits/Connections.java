// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc.limits;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.Anomalies;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the gRPC ports. Each port has its own places, which {@link AddressShares} divides. When places are short, an
 * idle connection is closed first: all its whole requests are answered, or it never had one. A connection that has brought the list
 * of a known node is never idle. Its NodeAgent is silent for hours, and does not send a list again. Not thread-safe: all methods are
 * called on the network thread.
 */
public final class Connections {

    private static final String LIMIT = "grpc-connections";

    /** The most unread refusals of one client. Each of them keeps the stream of its call. */
    private static final int MAX_REFUSALS = 20;

    /** The time in which a new connection sends its first request, unless it is slow. */
    private static final long FIRST_REQUEST_NANOS = Duration.ofSeconds(1).toNanos();

    private static final long PAUSE_MILLIS = 10;

    private final Anomalies anomalies;
    private final Map<Ends, Connection> open = new HashMap<>();

    /** Both addresses of a connection, which identify it. */
    private record Ends(
            @Nullable SocketAddress local, @Nullable SocketAddress remote) {}

    /** Creates the table without connections. All gRPC ports of a server share it. */
    public Connections(Anomalies anomalies) {
        this.anomalies = anomalies;
    }

    /**
     * Admits a connection or refuses it.
     *
     * @param places the places of the port
     * @return whether the connection is admitted; if not, the caller closes it
     */
    boolean accept(Channel channel, AddressShares places) {
        Connection connection = new Connection(channel);
        return switch (places.tryAcquire(connection.address, connection::giveUpPlace)) {
            case AddressShares.NoPlace refused -> {
                anomalies.refused(
                        LIMIT,
                        refused.reason().label(),
                        "from %s: it has %d of the %d connections to port %s, of which %d are taken"
                                .formatted(
                                        connection.address,
                                        refused.held(),
                                        places.limit(),
                                        port(channel.localAddress()),
                                        refused.used()));
                yield false;
            }
            case AddressShares.Place place -> {
                connection.place = place;
                Ends ends = new Ends(channel.localAddress(), channel.remoteAddress());
                open.put(ends, connection);
                channel.closeFuture().addListener(closed -> {
                    open.remove(ends, connection);
                    place.release();
                });
                yield true;
            }
        };
    }

    /**
     * Stops accepting, and gives connections that were just accepted up to a second for their first request. A client that sends
     * its request once would lose it if the server refused new requests before. Callable from any thread.
     *
     * @return completes when all new connections have sent a request, or the second is over
     */
    public CompletableFuture<Void> drain(InheritedServerChannel port) {
        CompletableFuture<Void> drained = new CompletableFuture<>();
        port.eventLoop().execute(() -> {
            port.pause();
            completeWhenDrained(port.eventLoop(), drained);
        });
        return drained;
    }

    private void completeWhenDrained(EventLoop network, CompletableFuture<Void> drained) {
        long now = System.nanoTime();
        if (open.values().stream().anyMatch(connection -> connection.isNew(now))) {
            var _ = network.schedule(() -> completeWhenDrained(network, drained), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            drained.complete(null);
        }
    }

    private static String port(@Nullable SocketAddress local) {
        String text = String.valueOf(local);
        return text.substring(text.lastIndexOf(':') + 1);
    }

    /** Returns the connection of a call; null if it is closed. */
    @Nullable
    Connection of(Attributes call) {
        return open.get(new Ends(call.get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR), call.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)));
    }

    /** One connection to a port. */
    final class Connection {

        private final Channel channel;
        private final String address;
        private AddressShares.@Nullable Place place;
        private final long accepted = System.nanoTime();
        private int busy;
        private boolean hasAsked;
        private int refusals;
        private boolean ofNode;

        private Connection(Channel channel) {
            this.channel = channel;
            this.address = AddressShares.addressOf(channel.remoteAddress());
        }

        /** Notes that a whole request is being answered. */
        void beginAnswer() {
            busy++;
            hasAsked = true;
            update();
        }

        /** Notes that the call of one {@link #beginAnswer} has ended. */
        void endAnswer() {
            busy--;
            update();
        }

        /** Notes that a known node has sent a list over this connection. */
        void keep() {
            ofNode = true;
            update();
        }

        /** Returns whether {@link #keep} was called. */
        boolean isOfKnownNode() {
            return ofNode;
        }

        private boolean isNew(long now) {
            return !hasAsked && now - accepted < FIRST_REQUEST_NANOS;
        }

        /** Counts a refused call. Closes the connection if its client leaves too many refusals unread. */
        void refused() {
            if (++refusals > MAX_REFUSALS) {
                anomalies.refused("grpc-answers", "refusals", "from " + address + ": too many refusals were not read");
                close();
            }
        }

        /** Notes that the client has read the refusal of one {@link #refused}. */
        void refusalRead() {
            refusals--;
        }

        private void update() {
            if (place != null) {
                place.setReusable(busy == 0 && !ofNode);
            }
        }

        private void giveUpPlace() {
            anomalies.refused(LIMIT, "replaced", "from " + address + ": an idle connection was closed for a new one");
            close();
        }

        /** Closes the connection at once, and drops its unsent answers. */
        void close() {
            channel.unsafe().close(channel.voidPromise());
        }
    }
}
