// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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
import io.pullpiri.statemanager.limits.AddressShares;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One call, with its share of the bounds of {@link CallMemoryLimiter}. Methods about the request are called on the network thread;
 * methods about the answer, on any thread.
 */
final class TracedCall extends ServerStreamTracer {

    /** The most bytes that a client may send on one stream of requests. */
    private static final int STREAM_BYTES = 1 << 20;

    /** The memory of a piece in addition to its bytes: a whole buffer, even if one byte of it is used. */
    private static final int PIECE_BYTES = 1 << 10;

    private final CallMemoryLimiter limiter;

    // Used on the network thread only.
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
    private volatile boolean streamEnded;
    private volatile long answeredAt;
    private final AtomicLong ofAnswer = new AtomicLong();

    TracedCall(CallMemoryLimiter limiter) {
        this.limiter = limiter;
    }

    @Override
    public Context filterContext(Context context) {
        return CallMemoryLimiter.with(context, this);
    }

    /**
     * Starts to count the call.
     *
     * @return the call in a form that can be closed once and drops later answers. Calls are not thread-safe, but this one may be
     *     refused on the network thread while another thread answers it
     */
    <Q, A> ServerCall<Q, A> begin(ServerCall<Q, A> begun) {
        ServerCall<Q, A> wrapped = closeOnce(begun);
        call = wrapped;
        connection = limiter.connections.of(begun.getAttributes());
        address = AddressShares.addressOf(begun.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
        hasOneRequest = begun.getMethodDescriptor().getType().clientSendsOneMessage();
        hasOneAnswer = begun.getMethodDescriptor().getType().serverSendsOneMessage();
        share = limiter.budget.begin(
                address,
                connection == null ? this : connection,
                connection != null && connection.isOfKnownNode(),
                () -> refuse("grpc-request-memory", "unfinished", Status.UNAVAILABLE, limiter.memoryBusyMessage()));
        if (!hasOneAnswer) {
            takePlace();
        }
        if (hasOneRequest && !refused) {
            alarm = limiter.network.schedule(
                    () -> refuse(
                            "grpc-request-time",
                            "slow",
                            Status.DEADLINE_EXCEEDED,
                            "the request is not complete within " + limiter.requestTimeout.toMillis() + " ms"),
                    limiter.requestTimeout.toNanos(),
                    TimeUnit.NANOSECONDS);
        }
        limiter.relieve();
        return wrapped;
    }

    private <Q, A> ServerCall<Q, A> closeOnce(ServerCall<Q, A> begun) {
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
        switch (limiter.streams.tryAcquire(address, this::giveUpPlace)) {
            case AddressShares.Place taken -> {
                taken.setReusable(false); // a silent stream is in use
                place = taken;
            }
            case AddressShares.NoPlace full ->
                refuse(
                        "grpc-streams",
                        full.reason().label(),
                        Status.RESOURCE_EXHAUSTED,
                        "%d of %d streams are in use, %d of them by this address"
                                .formatted(full.used(), limiter.streams.limit(), full.held()));
        }
    }

    private void giveUpPlace() {
        refuse(
                "grpc-streams",
                "replaced",
                Status.RESOURCE_EXHAUSTED,
                "the place of this stream was given to an address with fewer streams");
    }

    /** Returns whether the call may continue. A stream needs a place; other calls do not. */
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
        limiter.anomalies.refused(limit, reason, "from " + address + ": " + why);
        request = null;
        call.close(status.withDescription(why), new Metadata());
        if (connection != null) {
            connection.refused();
        }
    }

    /** Takes a message of the call. */
    void received(ByteString message) {
        if (request == null) {
            request = message;
        } else {
            refuse("grpc-requests", "second", Status.INTERNAL, "a second request on a call that has one request");
        }
    }

    /** Ends the request: the client has sent all of it. Returns the request if it is to be served, else null. */
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
                    "message: more than " + FieldCounter.MAX + " parts (expected: at most " + FieldCounter.MAX + ")");
            return false;
        }
        boolean known = limiter.isOfKnownNode(whole, method);
        if (share != null && !share.admit((long) parts * FieldCounter.BYTES, known)) {
            refuse("grpc-request-memory", "full", Status.UNAVAILABLE, limiter.memoryBusyMessage());
            limiter.closeUnread();
            return false;
        }
        limiter.relieve();
        limiter.beginAnswer(this);
        answering = true;
        if (connection != null) {
            connection.beginAnswer();
            if (known) {
                connection.keep();
            }
        }
        return true;
    }

    /** Notes that the request was passed to its handler. A call with a stream of answers then returns its memory. */
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
            limiter.network.execute(() -> refuse(
                    "grpc-stream-requests",
                    "bytes",
                    Status.RESOURCE_EXHAUSTED,
                    "requests of one stream: more than " + STREAM_BYTES + " bytes (expected: at most " + STREAM_BYTES
                            + ")"));
        }
        limiter.relieve();
    }

    @Override
    public void outboundWireSize(long bytes) {
        if (hasOneAnswer) {
            ofAnswer.addAndGet(bytes);
            limiter.addAnswer(bytes);
            if (streamEnded) {
                forgetAnswer();
            }
        }
    }

    private void forgetAnswer() {
        limiter.addAnswer(-ofAnswer.getAndSet(0));
    }

    /** Returns whether the answer was sent before the given time and the client has not read it. */
    boolean isUnread(long before) {
        return closed && !streamEnded && answeredAt - before < 0;
    }

    /** Closes the client's connection. */
    void giveUp(String reason, String why) {
        if (connection != null) {
            limiter.anomalies.refused("grpc-answers", reason, "from " + address + ": " + why);
            connection.close();
        }
    }

    @Override
    public void streamClosed(Status status) {
        streamEnded = true;
        forgetAnswer();
        limiter.network.execute(() -> end(status));
    }

    private void end(Status status) {
        if (!closed && call != null && status.getCode() == Status.Code.RESOURCE_EXHAUSTED) {
            // gRPC has ended the call. A message over the size limit is its only reason for this status.
            limiter.anomalies.refused(
                    "grpc-message-size",
                    "bytes",
                    "from %s: message: more than %d bytes (expected: at most %d)"
                            .formatted(address, CallMemoryLimiter.MAX_MESSAGE, CallMemoryLimiter.MAX_MESSAGE));
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
            connection.refusalRead();
        }
        limiter.endAnswer(this);
        request = null;
        call = null;
        share = null;
        connection = null;
    }
}
