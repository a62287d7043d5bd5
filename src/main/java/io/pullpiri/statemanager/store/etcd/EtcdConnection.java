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
 * The connection to the members of an etcd cluster, through the stubs that jetcd generates from etcd's protocol. Not its
 * client: that one's calls have no deadline on the wire, its reads retry on their own, and its watch resumes at the
 * revision in which etcd confirmed it, past changes that it had not delivered yet.
 */
final class EtcdConnection implements AutoCloseable {

    /** An answer larger than this fails; the largest that etcd takes in is 1.5 MiB, but a page of keys may be more. */
    private static final int MAX_ANSWER_BYTES = 64 << 20;

    private final Duration connectTimeout;

    /** When we last had connecting begin anew, in nanoseconds. */
    private final AtomicLong begun = new AtomicLong(System.nanoTime());

    private final ManagedChannel channel;
    private final KVBlockingStub kv;
    private final KVFutureStub kvAsync;
    private final WatchStub watch;

    /**
     * @param endpoints {@code host:port} each
     * @param network where the connections live and answers are told; null for threads of gRPC's own
     */
    EtcdConnection(List<String> endpoints, Duration connectTimeout, @Nullable EventLoopGroup network) {
        this.connectTimeout = connectTimeout;
        Metadata headers = new Metadata();
        // A member that has lost its leader says so at once, instead of letting calls time out and watches fall silent.
        headers.put(Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER), "true");
        NettyChannelBuilder builder = NettyChannelBuilder.forTarget(target(endpoints))
                .usePlaintext()
                .directExecutor()
                .defaultLoadBalancingPolicy("round_robin")
                .maxInboundMessageSize(MAX_ANSWER_BYTES)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) connectTimeout.toMillis())
                // etcd cuts off clients that ping more often than every 5 s, or without a call under way.
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
        // The first call will come soon, and connecting is a tenth of the start.
        var _ = channel.getState(true);
    }

    /** The scheme {@code ip} is jetcd's: several members, by address or by name. */
    private static String target(List<String> endpoints) {
        return endpoints.stream().map(Endpoint::targetPath).collect(Collectors.joining(",", "ip:///", ""));
    }

    /** @throws EtcdException if the call failed or was not answered in time */
    <T> T call(Duration timeout, Function<KVBlockingStub, T> call) throws EtcdException {
        SentTracer sent = new SentTracer();
        try {
            return call.apply(kv.withInterceptors(sent).withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS));
        } catch (StatusRuntimeException e) {
            failed(e.getStatus());
            throw new EtcdException(new EtcdFailure(e.getStatus(), sent.sent.get()), e);
        }
    }

    /** @return completes with the answer, or exceptionally with what {@link #failure} explains */
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

    /** What made an answer complete exceptionally. */
    static EtcdFailure failure(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        return cause instanceof EtcdException e ? e.failure() : new EtcdFailure(Status.fromThrowable(cause), true);
    }

    WatchStub watchStub() {
        return watch;
    }

    /** gRPC's own back-off after failed connects grows to two minutes; whoever calls again has waited already. */
    void reconnectSoon() {
        channel.resetConnectBackoff();
    }

    /**
     * gRPC waits without end for the first word of a peer that took the connection and then fell silent, and answers calls
     * meanwhile with what went wrong before.
     */
    private void failed(Status status) {
        ConnectivityState state = channel.getState(false);
        boolean away = state == ConnectivityState.CONNECTING || state == ConnectivityState.TRANSIENT_FAILURE;
        long now = System.nanoTime();
        long since = begun.get();
        boolean late = now - since > connectTimeout.toNanos() || status.getCode() == Status.Code.DEADLINE_EXCEEDED;
        if (away && late && begun.compareAndSet(since, now)) {
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

    /** Notes whether a call was given to a connection: what was not cannot have had an effect. */
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
