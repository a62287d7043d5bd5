// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KVGrpc.KVBlockingStub;
import io.etcd.jetcd.api.KVGrpc.KVFutureStub;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchGrpc.WatchStub;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientStreamTracer;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.pullpiri.statemanager.net.Endpoint;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Connects to the members of an etcd cluster with the stubs that jetcd generates from etcd's protocol. jetcd's own client is
 * not used, for three reasons. Its calls have no deadline on the wire, its reads retry by themselves, and its watch can skip
 * changes when it resumes.
 */
final class EtcdConnection implements AutoCloseable {

    /** A larger answer fails. etcd accepts requests of up to 1.5 MiB, but a page of keys may be larger. */
    private static final int MAX_ANSWER_BYTES = 64 << 20;

    private final Duration connectTimeout;

    /** When connecting was last restarted, in nanoseconds. */
    private final AtomicLong restarted = new AtomicLong(System.nanoTime());

    private final ManagedChannel channel;
    private final KVBlockingStub kv;
    private final KVFutureStub kvAsync;
    private final WatchStub watch;

    /**
     * Begins to connect.
     *
     * @param endpoints {@code host:port} of each member
     * @param network the threads of the connections, which also run callbacks; null for threads of gRPC's own
     * @throws IllegalArgumentException if an endpoint is not {@code host:port}
     */
    EtcdConnection(List<String> endpoints, Duration connectTimeout, @Nullable EventLoopGroup network) {
        this.connectTimeout = connectTimeout;
        Metadata headers = new Metadata();
        // A member without a leader refuses calls at once. Otherwise calls would time out, and watches would be silent.
        headers.put(Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER), "true");
        NettyChannelBuilder builder = NettyChannelBuilder.forTarget(target(endpoints))
                .usePlaintext()
                .directExecutor()
                .defaultLoadBalancingPolicy("round_robin")
                .maxInboundMessageSize(MAX_ANSWER_BYTES)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) connectTimeout.toMillis())
                // etcd disconnects clients that ping more often than every 5 s, or without a call in flight.
                .keepAliveTime(10, TimeUnit.SECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
        if (network != null) {
            builder.eventLoopGroup(network).channelType(NioSocketChannel.class);
        }
        channel = builder.build();
        kv = KVGrpc.newBlockingStub(channel);
        kvAsync = KVGrpc.newFutureStub(channel);
        watch = WatchGrpc.newStub(channel);
        // Connects now: it takes a tenth of the start's time, and the first call comes soon.
        var _ = channel.getState(true);
    }

    /** The scheme {@code ip} is jetcd's: several members, by address or by name. */
    private static String target(List<String> endpoints) {
        return endpoints.stream().map(Endpoint::targetPath).collect(Collectors.joining(",", "ip:///", ""));
    }

    /**
     * Calls etcd, and blocks until it answers.
     *
     * @throws EtcdException if the call failed or was not answered in time
     */
    <T> T call(Duration timeout, Function<KVBlockingStub, T> call) throws EtcdException {
        SentTracer sent = new SentTracer();
        try {
            return call.apply(kv.withInterceptors(sent).withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS));
        } catch (StatusRuntimeException e) {
            failed(e.getStatus());
            throw new EtcdException(new EtcdFailure(e.getStatus(), sent.sent.get()), e);
        }
    }

    /**
     * Calls etcd without blocking.
     *
     * @return completes with the answer, or exceptionally with an exception that {@link #failure} explains
     */
    <T> CompletableFuture<T> callAsync(Duration timeout, Function<KVFutureStub, ListenableFuture<T>> call) {
        SentTracer sent = new SentTracer();
        CompletableFuture<T> answer = new CompletableFuture<>();
        Futures.addCallback(
                call.apply(kvAsync.withInterceptors(sent).withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS)),
                new FutureCallback<>() {
                    @Override
                    public void onSuccess(T result) {
                        answer.complete(result);
                    }

                    @Override
                    public void onFailure(Throwable thrown) {
                        Status status = Status.fromThrowable(thrown);
                        failed(status);
                        EtcdFailure failure = new EtcdFailure(status, sent.sent.get());
                        answer.completeExceptionally(new EtcdException(failure, thrown));
                    }
                },
                MoreExecutors.directExecutor());
        return answer;
    }

    /** Returns the failure of a call from the exception of its answer. */
    static EtcdFailure failure(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        return cause instanceof EtcdException e ? e.failure() : new EtcdFailure(Status.fromThrowable(cause), true);
    }

    WatchStub watchStub() {
        return watch;
    }

    /** Reconnects at the next call: gRPC's own back-off grows to two minutes, and callers have a back-off of their own. */
    void reconnectSoon() {
        channel.resetConnectBackoff();
    }

    /**
     * Restarts connecting if it takes too long. gRPC waits without a deadline for the first bytes of a peer that accepts the
     * connection and is then silent. Until then, it answers calls with the previous failure.
     */
    private void failed(Status status) {
        ConnectivityState state = channel.getState(false);
        boolean disconnected = state == ConnectivityState.CONNECTING || state == ConnectivityState.TRANSIENT_FAILURE;
        long now = System.nanoTime();
        long since = restarted.get();
        boolean late = now - since > connectTimeout.toNanos() || status.getCode() == Status.Code.DEADLINE_EXCEEDED;
        if (disconnected && late && restarted.compareAndSet(since, now)) {
            channel.enterIdle();
        }
        reconnectSoon();
    }

    @Override
    public void close() {
        channel.shutdownNow();
        try {
            channel.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A call that failed. */
    static final class EtcdException extends Exception {

        private static final long serialVersionUID = 1L;

        private final transient EtcdFailure failure;

        EtcdException(EtcdFailure failure, Throwable cause) {
            super(failure.reason(), cause);
            this.failure = failure;
        }

        EtcdFailure failure() {
            return failure;
        }
    }

    /** Records whether a call was sent on a connection. A call that was not sent has had no effect. */
    private static final class SentTracer implements ClientInterceptor {

        final AtomicBoolean sent = new AtomicBoolean();

        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            return next.newCall(method, options.withStreamTracerFactory(new ClientStreamTracer.Factory() {
                @Override
                public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
                    return new ClientStreamTracer() {
                        @Override
                        public void streamCreated(Attributes transport, Metadata headers) {
                            sent.set(true);
                        }
                    };
                }
            }));
        }
    }
}
