package io.pullpiri.statemanager.grpc;

import com.google.protobuf.ByteString;
import io.grpc.BindableService;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What calls take of memory: requests from their first byte until the call ends (where answers are streamed, until they are
 * taken in), answers until they are taken. A request is taken apart only when it has come in whole, in time, and is not made of too many parts. When all of them
 * together take more than they may, the large ones are refused.
 */
final class Traffic extends ServerStreamTracer.Factory implements ServerInterceptor {

    private static final Context.Key<Call> CALL = Context.key("call");

    /** Bytes of a request that is refused for the sake of others only if it dawdles. */
    private static final int SMALL_BYTES = 64 << 10;

    /** Bytes that a caller may send on one stream of several requests. */
    private static final int STREAM_BYTES = 1 << 20;

    private final EventExecutor network;
    private final Duration patience;
    private final long maxBytes;
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong answers = new AtomicLong();

    /**
     * @param network the thread on which calls are handled: a call's methods are not for several
     * @param patience how long a request may take to come in
     * @param maxBytes how much memory requests may take, and how many bytes of answers may wait, before calls are refused
     */
    Traffic(EventExecutor network, Duration patience, long maxBytes) {
        this.network = network;
        this.patience = patience;
        this.maxBytes = maxBytes;
    }

    /** The service, with this in front of it. */
    ServerServiceDefinition before(BindableService service) {
        return ServerInterceptors.intercept(ServerInterceptors.useInputStreamMessages(service.bindService()), this);
    }

    /** Whether so much waits to be taken that no large answer should be made. */
    boolean isJammed() {
        return answers.get() > maxBytes;
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        return new Call();
    }

    /** Messages are input streams: {@link #before} sees to that. */
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Call traced = CALL.get();
        ServerCall<Q, A> once = traced.begin(call);
        ServerCall.Listener<Q> listener = next.startCall(once, headers);
        if (!traced.hasOneRequest) {
            return listener;
        }
        return new SimpleForwardingServerCallListener<>(listener) {

            @Override
            public void onMessage(Q message) {
                if (traced.request == null) {
                    traced.request = copy((InputStream) message);
                } else {
                    traced.refuse(Status.INTERNAL, "a second request on a call that takes one");
                }
            }

            @Override
            @SuppressWarnings("unchecked") // as all messages here
            public void onHalfClose() {
                traced.whole = true;
                ByteString request = traced.request;
                if (request != null && !traced.closed && traced.admit(request)) {
                    super.onMessage((Q) request.newInput());
                }
                traced.request = null;
                if (!traced.closed) {
                    super.onHalfClose();
                }
                if (!traced.hasOneAnswer) {
                    traced.forgetRequest(); // who streams answers keeps nothing of it
                }
            }
        };
    }

    private static ByteString copy(InputStream message) {
        try {
            return ByteString.readFrom(message);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One call. What comes is told on the network's thread, what goes on whichever thread answers. */
    private final class Call extends ServerStreamTracer {

        // Of the network's thread, but for closed.
        private @Nullable ServerCall<?, ?> call;
        private @Nullable ScheduledFuture<?> alarm;
        private @Nullable ByteString request;
        private boolean hasOneRequest;
        private boolean whole;
        private volatile boolean hasOneAnswer;
        private volatile boolean closed;
        private volatile boolean gone;

        private final AtomicLong ofRequest = new AtomicLong();
        private final AtomicLong ofAnswer = new AtomicLong();

        /**
         * The call, which from now on can be closed once: whoever comes later has nothing to say. Calls are not for several
         * threads, and it may be refused on the network's while another answers.
         */
        <Q, A> ServerCall<Q, A> begin(ServerCall<Q, A> begun) {
            ServerCall<Q, A> once = new SimpleForwardingServerCall<>(begun) {

                @Override
                public synchronized void sendHeaders(Metadata headers) {
                    if (!closed) {
                        super.sendHeaders(headers);
                    }
                }

                @Override
                public synchronized void sendMessage(A message) {
                    if (!closed) {
                        super.sendMessage(message);
                    }
                }

                @Override
                public synchronized void close(Status status, Metadata trailers) {
                    if (!closed) {
                        closed = true;
                        super.close(status, trailers);
                    }
                }
            };
            call = once;
            hasOneRequest = begun.getMethodDescriptor().getType().clientSendsOneMessage();
            hasOneAnswer = begun.getMethodDescriptor().getType().serverSendsOneMessage();
            if (hasOneRequest) {
                alarm = network.schedule(
                        () -> refuse(
                                Status.DEADLINE_EXCEEDED,
                                "the request has not come to its end within " + patience.toMillis() + " ms"),
                        patience.toNanos(),
                        TimeUnit.NANOSECONDS);
            }
            return once;
        }

        private void refuse(Status status, String why) {
            if (call != null) {
                call.close(status.withDescription(why), new Metadata());
            }
        }

        private void refuseForLoad() {
            refuse(Status.UNAVAILABLE, "busy: requests take more than " + (maxBytes >> 20) + " MiB");
        }

        /** The request is whole; what it will take as objects is counted until it is answered. */
        boolean admit(ByteString whole) {
            if (alarm != null) {
                alarm.cancel(false);
            }
            String method = call == null ? "" : call.getMethodDescriptor().getFullMethodName();
            int parts = MessageParts.count(whole, method);
            if (parts > MessageParts.MAX) {
                refuse(
                        Status.RESOURCE_EXHAUSTED,
                        "the message has more than " + MessageParts.MAX + " parts (expected: fewer)");
                return false;
            }
            long more = (long) parts * MessageParts.BYTES;
            ofRequest.addAndGet(more);
            if (requests.addAndGet(more) > maxBytes && ofRequest.get() > SMALL_BYTES) {
                refuseForLoad();
                return false;
            }
            return true;
        }

        @Override
        public Context filterContext(Context context) {
            return context.withValue(CALL, this);
        }

        @Override
        public void inboundWireSize(long bytes) {
            long here = ofRequest.addAndGet(bytes);
            if (requests.addAndGet(bytes) > maxBytes) {
                // Not from within the reading of what comes, but behind all that has come.
                network.execute(() -> network.execute(() -> {
                    if (here > SMALL_BYTES || !whole) {
                        refuseForLoad();
                    }
                }));
            } else if (here > STREAM_BYTES && !hasOneRequest) {
                network.execute(() -> refuse(
                        Status.RESOURCE_EXHAUSTED, "requests of one stream: more than " + STREAM_BYTES + " bytes"));
            }
        }

        @Override
        public void outboundWireSize(long bytes) {
            if (hasOneAnswer) {
                ofAnswer.addAndGet(bytes);
                answers.addAndGet(bytes);
                if (gone) {
                    forgetAnswer();
                }
            }
        }

        @Override
        public void streamClosed(Status status) {
            gone = true;
            forgetAnswer();
            network.execute(() -> {
                forgetRequest();
                request = null;
                call = null;
                if (alarm != null) {
                    alarm.cancel(false);
                }
            });
        }

        void forgetRequest() {
            requests.addAndGet(-ofRequest.getAndSet(0));
        }

        private void forgetAnswer() {
            answers.addAndGet(-ofAnswer.getAndSet(0));
        }
    }
}
