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
 * Bounds what calls take of memory: requests from their first byte until the call ends (streams: until the request is read),
 * answers until the client takes them, and the number of streams. A request is decoded only when it is whole, came in time, and
 * is not made of too many parts. {@link CallBudget} decides which requests are ended when memory is short.
 */
public final class CallMemoryLimiter extends ServerStreamTracer.Factory implements ServerInterceptor {

    private static final Context.Key<TracedCall> CALL = Context.key("call");

    /** Calls that send a stream of answers. */
    static final int MAX_STREAMS = 1_000;

    /** An answer that the client does not take for so long is given up when memory is short. */
    private static final Duration UNTAKEN = Duration.ofSeconds(10);

    private static final Duration BETWEEN_SEARCHES = Duration.ofSeconds(1);

    final EventExecutor network;
    final Duration patience;
    final Anomalies anomalies;
    final Connections connections;
    final CallBudget budget;
    final AddressShares streams = new AddressShares(MAX_STREAMS);

    private final long maxRequests;
    private final long maxAnswers;
    private final Predicate<String> isKnownNode;
    private final AtomicLong answers = new AtomicLong();

    // Of the network's thread.
    private final Set<TracedCall> answering = new LinkedHashSet<>();
    private boolean relieving;
    private long searched = System.nanoTime();

    /**
     * @param network the thread on which calls are handled: a call's methods are not for several
     * @param patience how long a request may take to come in
     * @param maxRequests how much memory requests may take, in bytes
     * @param maxKnown how much memory lists of known nodes may take besides, in bytes
     * @param maxAnswers how many bytes of answers may wait before no further list or history is made
     * @param isKnownNode by the node's name
     */
    public CallMemoryLimiter(
            EventExecutor network,
            Duration patience,
            long maxRequests,
            long maxKnown,
            long maxAnswers,
            Connections connections,
            Predicate<String> isKnownNode,
            Anomalies anomalies) {
        this.network = network;
        this.patience = patience;
        this.maxRequests = maxRequests;
        this.maxAnswers = maxAnswers;
        this.connections = connections;
        this.isKnownNode = isKnownNode;
        this.anomalies = anomalies;
        this.budget = new CallBudget(maxRequests, maxKnown);
    }

    /** The service, with this in front of it. */
    public ServerServiceDefinition before(BindableService service) {
        return ServerInterceptors.intercept(ServerInterceptors.useInputStreamMessages(service.bindService()), this);
    }

    /** Whether so much waits to be taken that no large answer should be made. May be called from any thread. */
    public boolean isJammed() {
        if (answers.get() <= maxAnswers) {
            return false;
        }
        anomalies.refused(
                "grpc-answers",
                "memory",
                "answers that were not taken yet have more than " + (maxAnswers >> 20) + " MiB");
        network.execute(this::giveUpUntaken);
        return true;
    }

    @Override
    public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
        return new TracedCall(this);
    }

    /** Messages are input streams: {@link #before} sees to that. */
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
            @SuppressWarnings("unchecked") // as all messages here
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

    /** Whether the request is a list of a node that is known: its node does not send it again. */
    boolean isOfKnownNode(ByteString request, String method) {
        String node = FieldCounter.nodeName(request, method);
        return !node.isEmpty() && isKnownNode.test(node);
    }

    /** Ends unfinished requests, if there is need: not while bytes are being read, but after all that can be read now. */
    void relieve() {
        if (!relieving && budget.isExceeded()) {
            relieving = true;
            network.execute(() -> network.execute(() -> {
                relieving = false;
                budget.relieve();
            }));
        }
    }

    String tooMuch() {
        return "busy: requests take more than " + (maxRequests >> 20) + " MiB";
    }

    /** The call's request is whole; it will be answered. */
    void beginAnswer(TracedCall call) {
        answering.add(call);
    }

    void endAnswer(TracedCall call) {
        answering.remove(call);
    }

    /** Bytes of an answer wait to be taken, or, if negative, were taken or given up. */
    void addAnswer(long bytes) {
        answers.addAndGet(bytes);
    }

    /** Closes connections whose client leaves answers untaken: they keep memory from others. */
    void giveUpUntaken() {
        long now = System.nanoTime();
        if (now - searched < BETWEEN_SEARCHES.toNanos()) {
            return;
        }
        searched = now;
        for (TracedCall call : Set.copyOf(answering)) {
            if (call.isUntaken(now - UNTAKEN.toNanos())) {
                call.giveUp("untaken", "an answer was not taken within " + UNTAKEN.toSeconds() + " s");
            }
        }
    }
}
