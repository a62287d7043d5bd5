// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.embedded.EmbeddedChannel;
import io.pullpiri.statemanager.manager.Anomalies;
import io.pullpiri.statemanager.manager.Anomalies.RefusalLabels;
import io.pullpiri.statemanager.manager.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Uses the channel's own time, which only the test advances. */
class BackpressureTest {

    private static final int HIGH_WATER = 64;

    private final Anomalies anomalies = new Anomalies(Clock.system());
    private final List<Boolean> passedOn = new ArrayList<>();
    private final EmbeddedChannel channel =
            new EmbeddedChannel(new Backpressure(anomalies), new ChannelInboundHandlerAdapter() {
                @Override
                public void channelWritabilityChanged(ChannelHandlerContext context) {
                    passedOn.add(context.channel().isWritable());
                }
            });

    @BeforeEach
    void limitWhatWaits() {
        channel.freezeTime();
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(HIGH_WATER / 2, HIGH_WATER));
    }

    @AfterEach
    void release() {
        channel.finishAndReleaseAll();
    }

    /** Sends more than the channel buffers, while the client reads nothing. */
    private void sendTooMuch() {
        ChannelFuture _ = channel.write(Unpooled.wrappedBuffer(new byte[2 * HIGH_WATER]));
    }

    private void takeAll() {
        channel.flushOutbound();
    }

    private void pass(long seconds) {
        channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
    }

    @Test
    void clientThatReadsNothing_isNotReadFromUntilItReads() {
        sendTooMuch();
        assertThat(channel.config().isAutoRead()).isFalse();
        takeAll();
        assertThat(channel.config().isAutoRead()).isTrue();
        assertThat(passedOn).as("gRPC is informed, too").containsExactly(false, true);
        assertThat(anomalies.refusals()).isEmpty();
    }

    @Test
    void clientThatReadsNothingFor30Seconds_isClosed() {
        sendTooMuch();
        pass(29);
        assertThat(channel.isOpen()).isTrue();
        assertThat(anomalies.refusals()).isEmpty();
        pass(1);
        assertThat(channel.isOpen()).isFalse();
        assertThat(anomalies.refusals()).isEqualTo(Map.of(new RefusalLabels("grpc-answers", "stalled"), 1L));
    }

    @Test
    void clientThatIsSlowTwice_has30SecondsEachTime() {
        sendTooMuch();
        pass(20);
        takeAll();
        pass(20);
        sendTooMuch();
        pass(29);
        assertThat(channel.isOpen()).isTrue();
        pass(1);
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void clientThatDisconnects_isNotClosedLater() {
        sendTooMuch();
        ChannelFuture _ = channel.close();
        pass(60);
        assertThat(anomalies.refusals()).isEmpty();
    }
}
