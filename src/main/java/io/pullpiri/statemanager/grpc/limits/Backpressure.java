// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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
 * Stops reading from a client while the client does not read its answers, and closes the connection after 30 s. Otherwise each
 * further frame could add an acknowledgement or a refusal to the unsent answers.
 */
final class Backpressure extends ChannelInboundHandlerAdapter {

    /** The time without a read after which the connection is closed; HTTP has the same limit. */
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
            alarm = context.executor().schedule(() -> closeStalled(context), STALLED.toSeconds(), TimeUnit.SECONDS);
        }
        context.fireChannelWritabilityChanged();
    }

    private void closeStalled(ChannelHandlerContext context) {
        anomalies.refused(
                "grpc-answers",
                "stalled",
                "from %s: the client read nothing for %d s"
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
