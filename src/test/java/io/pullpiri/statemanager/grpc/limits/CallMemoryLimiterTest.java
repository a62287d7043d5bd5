// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.netty.util.concurrent.DefaultEventExecutor;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.monitoringserver.SendContainerListResponse;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.manager.Anomalies;
import io.pullpiri.statemanager.manager.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A call that is refused on the network thread while another thread answers it. */
class CallMemoryLimiterTest {

    private static final int MAX_BYTES = 1 << 20;
    private static final MethodDescriptor<ContainerList, SendContainerListResponse> METHOD =
            StateManagerConnectionGrpc.getSendChangedContainerListMethod();

    private final DefaultEventExecutor network = new DefaultEventExecutor();
    private final Anomalies anomalies = new Anomalies(Clock.system());
    private final CallMemoryLimiter traffic = new CallMemoryLimiter(
            network,
            Duration.ofMinutes(1),
            MAX_BYTES,
            MAX_BYTES,
            MAX_BYTES,
            new Connections(anomalies),
            node -> false,
            anomalies);
    private final ServerStreamTracer tracer = traffic.newServerStreamTracer(METHOD.getFullMethodName(), new Metadata());
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final CountDownLatch closing = new CountDownLatch(1);

    @AfterEach
    void stop() throws InterruptedException {
        network.shutdownGracefully(0, 1, TimeUnit.SECONDS).await();
    }

    @Test
    void callBeingAnswered_isRejectedOnlyAfterwards() throws Exception {
        ServerCall<?, SendContainerListResponse> call = begin(() -> {
            refuse();
            closing.await(300, TimeUnit.MILLISECONDS); // the time passes in vain; otherwise the refusal came between
        });

        call.sendHeaders(new Metadata());
        call.sendMessage(SendContainerListResponse.getDefaultInstance());

        assertThat(closing.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(seen).containsExactly("headers", "answer begins", "answer ends", "UNAVAILABLE");
    }

    @Test
    void answerToARejectedCall_isDropped() throws Exception {
        ServerCall<?, SendContainerListResponse> call = begin(() -> {});
        refuse();
        assertThat(closing.await(10, TimeUnit.SECONDS)).isTrue();

        call.sendHeaders(new Metadata());
        call.sendMessage(SendContainerListResponse.getDefaultInstance());
        call.close(Status.OK, new Metadata());

        assertThat(seen).containsExactly("UNAVAILABLE");
    }

    /** Receives more bytes than the limit; the network thread then refuses the call. */
    private void refuse() {
        tracer.inboundWireSize(MAX_BYTES + 1);
    }

    private ServerCall<?, SendContainerListResponse> begin(Pause whileAnswered) throws Exception {
        AtomicReference<ServerCall<?, SendContainerListResponse>> begun = new AtomicReference<>();
        tracer.filterContext(Context.ROOT)
                .call(() -> traffic.interceptCall(new Caller(whileAnswered), new Metadata(), (call, _) -> {
                    begun.set(call);
                    return new ServerCall.Listener<>() {};
                }));
        return begun.get();
    }

    @FunctionalInterface
    private interface Pause {
        void await() throws InterruptedException;
    }

    private final class Caller extends ServerCall<ContainerList, SendContainerListResponse> {

        private final Pause whileAnswered;

        Caller(Pause whileAnswered) {
            this.whileAnswered = whileAnswered;
        }

        @Override
        public void sendHeaders(Metadata headers) {
            seen.add("headers");
        }

        @Override
        public void sendMessage(SendContainerListResponse message) {
            seen.add("answer begins");
            try {
                whileAnswered.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            seen.add("answer ends");
        }

        @Override
        public void close(Status status, Metadata trailers) {
            seen.add(status.getCode().name());
            closing.countDown();
        }

        @Override
        public void request(int messages) {}

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public MethodDescriptor<ContainerList, SendContainerListResponse> getMethodDescriptor() {
            return METHOD;
        }
    }
}
