// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc.limits;

import io.netty.channel.Channel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.Anomalies;
import java.nio.channels.ServerSocketChannel;
import java.util.List;

/** A server port that closes connections over its limit at once, because even a silent connection takes memory. */
public class CappedServerChannel extends NioServerSocketChannel {

    /** The most connections to one port. */
    static final int MAX = 1_000;

    private final Connections connections;
    private final Anomalies anomalies;
    private final AddressShares places = new AddressShares(MAX);

    /** Creates a channel that listens for connections, once it is bound. */
    public CappedServerChannel(Connections connections, Anomalies anomalies) {
        this.connections = connections;
        this.anomalies = anomalies;
    }

    /** Creates a channel on a socket that exists. */
    CappedServerChannel(ServerSocketChannel socket, Connections connections, Anomalies anomalies) {
        super(socket);
        this.connections = connections;
        this.anomalies = anomalies;
    }

    @Override
    protected int doReadMessages(List<Object> accepted) throws Exception {
        int read = super.doReadMessages(accepted);
        if (read > 0) {
            Channel channel = (Channel) accepted.getLast();
            if (connections.accept(channel, places)) {
                channel.pipeline().addFirst(new Backpressure(anomalies));
            } else {
                accepted.removeLast();
                channel.unsafe().closeForcibly();
            }
        }
        return read;
    }
}
