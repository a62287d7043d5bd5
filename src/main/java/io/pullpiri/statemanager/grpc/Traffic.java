package io.pullpiri.statemanager.grpc;

import io.grpc.Context;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What takes the network's memory: requests that have not come to their end, and answers that were not taken. Requests may
 * take so long, and all together so many bytes; the large ones are ended when it is more.
 */
final class Traffic extends ServerStreamTracer.Factory implements ServerInterceptor {

    private static final Context.Key<Call> CALL = Context.key("call");

    /** A request that is smaller is not ended for the sake of others. */
    private static final int SMALL = 64 << 10;

    private final EventExecutor network;
    private final Duration patience;
    private final long most;
    private final AtomicLong coming = new AtomicLong();
    private final AtomicLong going = new AtomicLong();

    /**
     * @param network the thread on which calls are handled: a call's methods are not for several
     * @param patience how long a request may take to come in
     * @param most how many bytes may be coming in, and how many going out, before others are put off
     */
    Traffic(EventExecutor network, Duration patience, long most) {
        this.network = network;
        this.patience = patience;
        this.most = most;
    }

    /** Whether so much waits to be taken that no large answer should be made. */
    boolean isJammed() {
        return going.get() > most;
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        return new Call();
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        ServerCall.Listener<Q> listener = next.startCall(call, headers);
        if (!call.getMethodDescriptor().getType().clientSendsOneMessage()) {
            return listener;
        }
        Call traced = CALL.get();
        traced.begin(call, call.getMethodDescriptor().getType().serverSendsOneMessage());
        return new SimpleForwardingServerCallListener<>(listener) {

            @Override
            public void onHalfClose() {
                traced.hasCome();
                super.onHalfClose();
            }
        };
    }

    /** One call. What comes is told on the network's thread, what goes on whichever thread answers. */
    private final class Call extends ServerStreamTracer {

        private final AtomicLong comingHere = new AtomicLong();
        private final AtomicLong goingHere = new AtomicLong();
        private @Nullable ServerCall<?, ?> call;
        private @Nullable ScheduledFuture<?> alarm;
        private volatile boolean answersOnce;

        void begin(ServerCall<?, ?> begun, boolean once) {
            call = begun;
            answersOnce = once;
            alarm = network.schedule(
                    () -> end(Status.DEADLINE_EXCEEDED.withDescription(
                            "the request has not come to its end within " + patience.toMillis() + " ms")),
                    patience.toNanos(),
                    TimeUnit.NANOSECONDS);
        }

        private void end(Status status) {
            if (call != null) {
                call.close(status, new Metadata());
                call = null;
            }
        }

        void hasCome() {
            call = null;
            coming.addAndGet(-comingHere.getAndSet(0));
            if (alarm != null) {
                alarm.cancel(false);
            }
        }

        @Override
        public Context filterContext(Context context) {
            return context.withValue(CALL, this);
        }

        @Override
        public void inboundWireSize(long bytes) {
            comingHere.addAndGet(bytes);
            if (coming.addAndGet(bytes) > most && comingHere.get() > SMALL) {
                // Not from within the reading of what comes.
                network.execute(() -> end(Status.UNAVAILABLE.withDescription(
                        "busy: more than " + (most >> 20) + " MiB of requests are coming in")));
            }
        }

        @Override
        public void outboundWireSize(long bytes) {
            if (answersOnce) {
                goingHere.addAndGet(bytes);
                going.addAndGet(bytes);
            }
        }

        @Override
        public void streamClosed(Status status) {
            going.addAndGet(-goingHere.getAndSet(0));
            network.execute(this::hasCome);
        }
    }
}
