package io.pullpiri.statemanager.grpc.limits;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.netty.util.concurrent.ScheduledFuture;
import io.pullpiri.statemanager.grpc.GrpcServer;
import io.pullpiri.statemanager.limits.AddressShares;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One call, and what it takes of {@link CallMemoryLimiter}'s bounds. What concerns the request is called on the network's thread; what
 * concerns the answer, on any.
 */
final class TracedCall extends ServerStreamTracer {

    /** Bytes that a client may send on one stream of several requests. */
    private static final int STREAM_BYTES = 1 << 20;

    /** What a piece of a request takes besides its bytes: a whole buffer, even if one byte of it is used. */
    private static final int PIECE_BYTES = 1 << 10;

    private final CallMemoryLimiter traffic;

    // Of the network's thread.
    private @Nullable ServerCall<?, ?> call;
    private CallBudget.@Nullable Share share;
    private Connections.@Nullable Connection connection;
    private AddressShares.@Nullable Place place;
    private @Nullable ScheduledFuture<?> alarm;
    private @Nullable ByteString request;
    private String address = "";
    private boolean hasOneRequest;
    private boolean answering;
    private long received;

    private volatile boolean hasOneAnswer;
    private volatile boolean closed;
    private volatile boolean refused;
    private volatile boolean gone;
    private volatile long answeredAt;
    private final AtomicLong ofAnswer = new AtomicLong();

    TracedCall(CallMemoryLimiter traffic) {
        this.traffic = traffic;
    }

    @Override
    public Context filterContext(Context context) {
        return CallMemoryLimiter.with(context, this);
    }

    /**
     * Starts to count the call.
     *
     * @return the call, which can be closed once: later answers are dropped. Calls are not for several threads, and this one may
     *     be refused on the network's while another answers
     */
    <Q, A> ServerCall<Q, A> begin(ServerCall<Q, A> begun) {
        ServerCall<Q, A> once = once(begun);
        call = once;
        connection = traffic.connections.of(begun.getAttributes());
        address = AddressShares.addressOf(begun.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
        hasOneRequest = begun.getMethodDescriptor().getType().clientSendsOneMessage();
        hasOneAnswer = begun.getMethodDescriptor().getType().serverSendsOneMessage();
        share = traffic.budget.begin(
                address,
                connection == null ? this : connection,
                connection != null && connection.isOfKnownNode(),
                () -> refuse("grpc-request-memory", "unfinished", Status.UNAVAILABLE, traffic.tooMuch()));
        if (!hasOneAnswer) {
            takePlace();
        }
        if (hasOneRequest && !refused) {
            alarm = traffic.network.schedule(
                    () -> refuse(
                            "grpc-request-time",
                            "slow",
                            Status.DEADLINE_EXCEEDED,
                            "the request has not come to its end within " + traffic.patience.toMillis() + " ms"),
                    traffic.patience.toNanos(),
                    TimeUnit.NANOSECONDS);
        }
        traffic.relieve();
        return once;
    }

    private <Q, A> ServerCall<Q, A> once(ServerCall<Q, A> begun) {
        return new SimpleForwardingServerCall<>(begun) {

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
                    answeredAt = System.nanoTime();
                    super.close(status, trailers);
                }
            }

            @Override
            public boolean isCancelled() {
                return refused || super.isCancelled();
            }
        };
    }

    private void takePlace() {
        switch (traffic.streams.tryAcquire(address, this::giveUpPlace)) {
            case AddressShares.Place taken -> {
                taken.setReusable(false); // a subscriber waits for what comes
                place = taken;
            }
            case AddressShares.NoPlace full ->
                refuse(
                        "grpc-streams",
                        full.reason().label(),
                        Status.RESOURCE_EXHAUSTED,
                        "there are %d of %d streams already, %d of them from this address"
                                .formatted(full.used(), traffic.streams.limit(), full.held()));
        }
    }

    private void giveUpPlace() {
        refuse(
                "grpc-streams",
                "replaced",
                Status.RESOURCE_EXHAUSTED,
                "this stream's place was given to an address that has fewer");
    }

    /** Whether the call may go on: a stream has one of the places for streams. */
    boolean hasPlace() {
        return !refused;
    }

    boolean hasOneRequest() {
        return hasOneRequest;
    }

    boolean isClosed() {
        return closed;
    }

    private void refuse(String limit, String reason, Status status, String why) {
        if (call == null || closed) {
            return;
        }
        refused = true;
        traffic.anomalies.refused(limit, reason, "from " + address + ": " + why);
        request = null;
        call.close(status.withDescription(why), new Metadata());
        if (connection != null) {
            connection.refused();
        }
    }

    /** A message has come. */
    void received(ByteString message) {
        if (request == null) {
            request = message;
        } else {
            refuse("grpc-requests", "second", Status.INTERNAL, "a second request on a call that takes one");
        }
    }

    /** The client has sent everything. Returns its request if it is to be served, else null. */
    @Nullable
    ByteString whole() {
        if (alarm != null) {
            alarm.cancel(false);
        }
        ByteString whole = request;
        request = null;
        return whole != null && !closed && admit(whole) ? whole : null;
    }

    private boolean admit(ByteString whole) {
        String method = call == null ? "" : call.getMethodDescriptor().getFullMethodName();
        int parts = FieldCounter.count(whole, method);
        if (parts > FieldCounter.MAX) {
            refuse(
                    "grpc-message-parts",
                    "parts",
                    Status.RESOURCE_EXHAUSTED,
                    "the message has more than " + FieldCounter.MAX + " parts (expected: fewer)");
            return false;
        }
        boolean known = traffic.isOfKnownNode(whole, method);
        if (share != null && !share.admit((long) parts * FieldCounter.BYTES, known)) {
            refuse("grpc-request-memory", "full", Status.UNAVAILABLE, traffic.tooMuch());
            traffic.giveUpUntaken();
            return false;
        }
        traffic.relieve();
        traffic.beginAnswer(this);
        answering = true;
        if (connection != null) {
            connection.beginAnswer();
            if (known) {
                connection.keep();
            }
        }
        return true;
    }

    /** The request was handed on. A call that streams its answers keeps nothing of it. */
    void requestRead() {
        if (!hasOneAnswer && share != null) {
            share.release();
        }
    }

    @Override
    public void inboundWireSize(long bytes) {
        if (share == null) {
            return;
        }
        share.add(bytes + PIECE_BYTES);
        received += bytes;
        if (!hasOneRequest && received > STREAM_BYTES) {
            traffic.network.execute(() -> refuse(
                    "grpc-stream-requests",
                    "bytes",
                    Status.RESOURCE_EXHAUSTED,
                    "requests of one stream: more than " + STREAM_BYTES + " bytes"));
        }
        traffic.relieve();
    }

    @Override
    public void outboundWireSize(long bytes) {
        if (hasOneAnswer) {
            ofAnswer.addAndGet(bytes);
            traffic.addAnswer(bytes);
            if (gone) {
                forgetAnswer();
            }
        }
    }

    private void forgetAnswer() {
        traffic.addAnswer(-ofAnswer.getAndSet(0));
    }

    /** Whether the answer was given before that time and the client has not taken it. */
    boolean isUntaken(long before) {
        return closed && !gone && answeredAt - before < 0;
    }

    /** Closes the client's connection. */
    void giveUp(String reason, String why) {
        if (connection != null) {
            traffic.anomalies.refused("grpc-answers", reason, "from " + address + ": " + why);
            connection.close();
        }
    }

    @Override
    public void streamClosed(Status status) {
        gone = true;
        forgetAnswer();
        traffic.network.execute(() -> end(status));
    }

    private void end(Status status) {
        if (!closed && call != null && status.getCode() == Status.Code.RESOURCE_EXHAUSTED) {
            // gRPC itself has ended the call, and knows one reason only.
            traffic.anomalies.refused(
                    "grpc-message-size",
                    "bytes",
                    "from " + address + ": a message of more than " + GrpcServer.MAX_MESSAGE + " bytes");
        }
        if (share != null) {
            share.release();
        }
        if (place != null) {
            place.release();
        }
        if (alarm != null) {
            alarm.cancel(false);
        }
        if (connection != null && answering) {
            connection.endAnswer();
        }
        if (connection != null && refused) {
            connection.refusalTaken();
        }
        traffic.endAnswer(this);
        request = null;
        call = null;
        share = null;
        connection = null;
    }
}
