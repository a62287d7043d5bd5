// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc.limits;

import com.google.protobuf.ByteString;
import io.grpc.BindableService;
import io.grpc.Context;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.netty.util.concurrent.EventExecutor;
import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.Anomalies;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * Bounds the memory of calls and the number of streams. A request counts from its first byte until the call ends; on a call with a
 * stream of answers, until the request is read. An answer counts until the client has read it. A request is decoded only if it is
 * whole, arrived in time, and does not have too many parts. {@link CallBudget} decides which requests are ended when memory is
 * short.
 */
public final class CallMemoryLimiter extends ServerStreamTracer.Factory implements ServerInterceptor {

    private static final Context.Key<TracedCall> CALL = Context.key("call");

    /** The largest message, in bytes. */
    public static final int MAX_MESSAGE = 4 << 20;

    /** The most calls with a stream of answers. */
    static final int MAX_STREAMS = 1_000;

    /** The time after which an unread answer ends its connection when memory is short. */
    private static final Duration UNREAD_LIMIT = Duration.ofSeconds(10);

    private static final Duration BETWEEN_SEARCHES = Duration.ofSeconds(1);

    final EventExecutor network;
    final Duration requestTimeout;
    final Anomalies anomalies;
    final Connections connections;
    final CallBudget budget;
    final AddressShares streams = new AddressShares(MAX_STREAMS);

    private final long maxRequests;
    private final long maxAnswers;
    private final Predicate<String> isKnownNode;
    private final AtomicLong answers = new AtomicLong();

    // Used on the network thread only.
    private final Set<TracedCall> answering = new LinkedHashSet<>();
    private boolean relieving;
    private long searched = System.nanoTime();

    /**
     * Creates the limiter of one server. All its gRPC ports share it.
     *
     * @param network the thread that handles calls; a call's methods are not thread-safe
     * @param requestTimeout the time within which a request must arrive
     * @param maxRequests the memory for requests, in bytes
     * @param maxKnown the additional memory for known nodes, in bytes
     * @param maxAnswers the bytes of unread answers from which on no list or history is made
     * @param isKnownNode tells by a node's name whether the node is known
     */
    public CallMemoryLimiter(
            EventExecutor network,
            Duration requestTimeout,
            long maxRequests,
            long maxKnown,
            long maxAnswers,
            Connections connections,
            Predicate<String> isKnownNode,
            Anomalies anomalies) {
        this.network = network;
        this.requestTimeout = requestTimeout;
        this.maxRequests = maxRequests;
        this.maxAnswers = maxAnswers;
        this.connections = connections;
        this.isKnownNode = isKnownNode;
        this.anomalies = anomalies;
        this.budget = new CallBudget(maxRequests, maxKnown);
    }

    /** Returns the service with this limiter in front of it. */
    public ServerServiceDefinition before(BindableService service) {
        return ServerInterceptors.intercept(ServerInterceptors.useInputStreamMessages(service.bindService()), this);
    }

    /** Returns whether unread answers take so much memory that no large answer may be made. Any thread may call it. */
    public boolean isAnswerMemoryFull() {
        if (answers.get() <= maxAnswers) {
            return false;
        }
        anomalies.refused("grpc-answers", "memory", "unread answers take more than " + (maxAnswers >> 20) + " MiB");
        network.execute(this::closeUnread);
        return true;
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        return new TracedCall(this);
    }

    /** Limits one call. Its messages are input streams, because {@link #before} requests that. */
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        TracedCall traced = CALL.get();
        ServerCall<Q, A> once = traced.begin(call);
        if (!traced.hasPlace()) {
            return new ServerCall.Listener<>() {};
        }
        ServerCall.Listener<Q> listener = next.startCall(once, headers);
        if (!traced.hasOneRequest()) {
            return listener;
        }
        return new SimpleForwardingServerCallListener<>(listener) {

            @Override
            public void onMessage(Q message) {
                traced.received(copy((InputStream) message));
            }

            @Override
            @SuppressWarnings("unchecked") // all messages here are input streams
            public void onHalfClose() {
                ByteString request = traced.whole();
                if (request != null) {
                    super.onMessage((Q) request.newInput());
                }
                if (!traced.isClosed()) {
                    super.onHalfClose();
                }
                traced.requestRead();
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

    static Context with(Context context, TracedCall call) {
        return context.withValue(CALL, call);
    }

    /** Returns whether the request is the list of a known node. A node does not send a list again. */
    boolean isOfKnownNode(ByteString request, String method) {
        String node = FieldCounter.nodeName(request, method);
        return !node.isEmpty() && isKnownNode.test(node);
    }

    /** Ends unfinished requests if they take too much memory. It does so after the bytes that can be read now are read. */
    void relieve() {
        if (!relieving && budget.isExceeded()) {
            relieving = true;
            network.execute(() -> network.execute(() -> {
                relieving = false;
                budget.relieve();
            }));
        }
    }

    String memoryBusyMessage() {
        return "busy: requests take more than " + (maxRequests >> 20) + " MiB";
    }

    /** Notes that the call's request is whole and is being answered. */
    void beginAnswer(TracedCall call) {
        answering.add(call);
    }

    void endAnswer(TracedCall call) {
        answering.remove(call);
    }

    /** Adds the bytes of an answer that was sent; negative for an answer that was read or dropped. */
    void addAnswer(long bytes) {
        answers.addAndGet(bytes);
    }

    /** Closes the connections whose clients do not read their answers, at most once a second. */
    void closeUnread() {
        long now = System.nanoTime();
        if (now - searched < BETWEEN_SEARCHES.toNanos()) {
            return;
        }
        searched = now;
        for (TracedCall call : Set.copyOf(answering)) {
            if (call.isUnread(now - UNREAD_LIMIT.toNanos())) {
                call.giveUp("untaken", "an answer was not read within " + UNREAD_LIMIT.toSeconds() + " s");
            }
        }
    }
}
