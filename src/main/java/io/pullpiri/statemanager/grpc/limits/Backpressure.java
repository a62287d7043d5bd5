package io.pullpiri.statemanager.grpc.limits;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.ScheduledFuture;
import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.Anomalies;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads nothing more from a client that does not take what is sent to it. Otherwise each frame of the client could add an answer
 * to what waits: an acknowledgement, a refusal.
 */
final class Backpressure extends ChannelInboundHandlerAdapter {

    /** As over HTTP: a client that takes nothing for so long has gone. */
    private static final Duration STALLED = Duration.ofSeconds(30);

    private final Anomalies anomalies;
    private @Nullable ScheduledFuture<?> alarm;

    Backpressure(Anomalies anomalies) {
        this.anomalies = anomalies;
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        boolean writable = context.channel().isWritable();
        context.channel().config().setAutoRead(writable);
        cancel();
        if (!writable) {
            alarm = context.executor().schedule(() -> giveUp(context), STALLED.toSeconds(), TimeUnit.SECONDS);
        }
        context.fireChannelWritabilityChanged();
    }

    private void giveUp(ChannelHandlerContext context) {
        anomalies.refused(
                "grpc-answers",
                "stalled",
                "from %s: nothing was taken within %d s"
                        .formatted(AddressShares.addressOf(context.channel().remoteAddress()), STALLED.toSeconds()));
        context.channel().unsafe().close(context.channel().voidPromise());
    }

    private void cancel() {
        if (alarm != null) {
            alarm.cancel(false);
            alarm = null;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) throws Exception {
        cancel();
        super.channelInactive(context);
    }
}
