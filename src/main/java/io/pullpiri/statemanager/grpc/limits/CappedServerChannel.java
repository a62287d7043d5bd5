package io.pullpiri.statemanager.grpc.limits;

import io.netty.channel.Channel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.Anomalies;
import java.util.List;

/** Closes connections that are not admitted at once: each takes memory, even when nothing comes over it. */
public final class CappedServerChannel extends NioServerSocketChannel {

    /** Connections to one port. */
    static final int MOST = 1_000;

    private final Connections connections;
    private final Anomalies anomalies;
    private final AddressShares places = new AddressShares(MOST);

    public CappedServerChannel(Connections connections, Anomalies anomalies) {
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
