package io.pullpiri.statemanager.grpc.limits;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.netty.channel.Channel;
import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.Anomalies;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the gRPC ports. Each port has its own places, which {@link AddressShares} divides. A connection that
 * carries nothing is closed first when places are short: it never had a whole request, or every request was answered. A
 * connection over which a known node has sent a list stays, because its NodeAgent is silent for hours and sends no list again.
 * Not thread-safe: all methods are called on the network's thread.
 */
public final class Connections {

    private static final String LIMIT = "grpc-connections";

    /** Refusals that a client has not taken yet: each keeps its call's stream. */
    private static final int MOST_REFUSALS = 20;

    private final Anomalies anomalies;
    private final Map<Ends, Connection> open = new HashMap<>();

    /** What tells connections apart. */
    private record Ends(
            @Nullable SocketAddress local, @Nullable SocketAddress remote) {}

    public Connections(Anomalies anomalies) {
        this.anomalies = anomalies;
    }

    /**
     * Admits a connection, or refuses it and closes it.
     *
     * @param places of its port
     */
    boolean accept(Channel channel, AddressShares places) {
        Connection connection = new Connection(channel);
        return switch (places.tryAcquire(connection.address, connection::giveUpPlace)) {
            case AddressShares.NoPlace refused -> {
                anomalies.refused(
                        LIMIT,
                        refused.reason().label(),
                        "from %s: it has %d of %d connections to port %s, of which %d are in use"
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

    private static String port(@Nullable SocketAddress local) {
        String text = String.valueOf(local);
        return text.substring(text.lastIndexOf(':') + 1);
    }

    /** The connection over which a call came; null if it is gone. */
    @Nullable
    Connection of(Attributes call) {
        return open.get(new Ends(call.get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR), call.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)));
    }

    /** One of them. */
    final class Connection {

        private final Channel channel;
        private final String address;
        private AddressShares.@Nullable Place place;
        private int busy;
        private int refusals;
        private boolean ofNode;

        private Connection(Channel channel) {
            this.channel = channel;
            this.address = AddressShares.addressOf(channel.remoteAddress());
        }

        /** A whole request has come, which is to be answered. */
        void beginAnswer() {
            busy++;
            update();
        }

        /** After {@link #beginAnswer}, once: the call has ended. */
        void endAnswer() {
            busy--;
            update();
        }

        /** A known node sends its lists over this connection. */
        void keep() {
            ofNode = true;
            update();
        }

        /** Whether {@link #keep} was called. */
        boolean isOfKnownNode() {
            return ofNode;
        }

        /** A call over this connection was refused. Closes the connection if its client does not take what it is told. */
        void refused() {
            if (++refusals > MOST_REFUSALS) {
                anomalies.refused("grpc-answers", "refusals", "from " + address + ": too many refusals were not taken");
                close();
            }
        }

        /** After {@link #refused}, once: the client has taken the refusal. */
        void refusalTaken() {
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

        /** At once, whatever waits to be sent over it. */
        void close() {
            channel.unsafe().close(channel.voidPromise());
        }
    }
}
