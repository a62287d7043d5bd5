package io.pullpiri.statemanager.grpc;

import io.netty.channel.Channel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Closes connections beyond a number at once: each takes memory, even when nothing comes over it. */
final class CappedServerChannel extends NioServerSocketChannel {

    private final int most;
    private final Runnable onTurnedAway;
    private final AtomicInteger open = new AtomicInteger();

    /** @param onTurnedAway called for each connection that is closed so, on the network's thread */
    CappedServerChannel(int most, Runnable onTurnedAway) {
        this.most = most;
        this.onTurnedAway = onTurnedAway;
    }

    @Override
    protected int doReadMessages(List<Object> accepted) throws Exception {
        int read = super.doReadMessages(accepted);
        if (read > 0) {
            Channel channel = (Channel) accepted.getLast();
            if (open.incrementAndGet() > most) {
                open.decrementAndGet();
                accepted.removeLast();
                channel.unsafe().closeForcibly();
                onTurnedAway.run();
            } else {
                channel.closeFuture().addListener(closed -> open.decrementAndGet());
            }
        }
        return read;
    }
}
