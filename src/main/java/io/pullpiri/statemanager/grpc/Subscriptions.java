package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.statemanager.cascade.ResourceKind;
import io.pullpiri.statemanager.cascade.View;
import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.manager.EventId;
import io.pullpiri.statemanager.manager.Follower;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.StoreAwayException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Followers that ask over gRPC. Each has a virtual thread that waits, now for changes, now for its caller. */
final class Subscriptions implements AutoCloseable {

    private static final int MOST = 1_000;
    private static final Duration A_WHILE = Duration.ofSeconds(1);
    private static final String NAME = "name";
    private static final String AFTER = "after";

    private final Manager manager;
    private final Resources resources;
    private final EventMessages messages;
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    Subscriptions(Manager manager, Resources resources, EventMessages messages) {
        this.manager = manager;
        this.resources = resources;
        this.messages = messages;
    }

    /** Answers until the caller hangs up, cannot keep up, or the server stops. */
    void subscribe(StateChangeSubscriptionRequest request, StreamObserver<StateChangeEvent> caller) {
        ServerCallStreamObserver<StateChangeEvent> call = (ServerCallStreamObserver<StateChangeEvent>) caller;
        String problem = problem(request);
        if (problem != null) {
            Calls.fail(call, Status.INVALID_ARGUMENT.withDescription(problem));
            return;
        }
        if (threads.size() >= MOST) {
            Calls.fail(call, Status.RESOURCE_EXHAUSTED.withDescription("there are " + MOST + " subscribers already"));
            return;
        }
        Semaphore woken = new Semaphore(0);
        call.setOnReadyHandler(woken::release);
        Thread thread = Thread.ofVirtual().name("subscription").unstarted(() -> {
            try {
                serve(request, call, woken);
            } catch (InterruptedException e) {
                Calls.fail(call, Status.UNAVAILABLE.withDescription("StateManager is stopping"));
            } finally {
                threads.remove(Thread.currentThread());
            }
        });
        call.setOnCancelHandler(thread::interrupt);
        threads.add(thread);
        thread.start();
        if (closed) {
            thread.interrupt();
        }
    }

    private static @Nullable String problem(StateChangeSubscriptionRequest request) {
        ResourceType type = request.getResourceType();
        if (type != ResourceType.RESOURCE_TYPE_UNSPECIFIED && !Resources.isManaged(type)) {
            return Resources.notManaged(request.getResourceTypeValue());
        }
        for (String key : request.getFilterMap().keySet()) {
            if (!key.equals(NAME) && !key.equals(AFTER)) {
                return "filter: '" + key + "' (expected: name or after)";
            }
        }
        String after = request.getFilterOrDefault(AFTER, "");
        return after.isEmpty() || EventId.parse(after) != null
                ? null
                : "filter.after: '" + after + "' (expected: the id of an event, such as 42.3)";
    }

    private void serve(
            StateChangeSubscriptionRequest request, ServerCallStreamObserver<StateChangeEvent> call, Semaphore woken)
            throws InterruptedException {
        if (manager.firstView(Duration.ofDays(1)).join().isEmpty()) {
            Calls.fail(call, Status.UNAVAILABLE.withDescription("the store has not been read yet"));
            return;
        }
        EventId after = EventId.parse(request.getFilterOrDefault(AFTER, ""));
        try {
            Follower follower =
                    after == null ? manager.feed().follow() : manager.feed().followAfter(after);
            View start = follower.start();
            if (start != null) {
                sendSnapshot(request, call, woken, follower.last(), start);
            }
            while (awaitReady(call, woken, follower)) {
                for (Event event : follower.next(A_WHILE)) {
                    if (isWanted(request, event)) {
                        call.onNext(messages.message(event));
                    }
                }
            }
        } catch (Follower.LostException e) {
            Calls.fail(call, Status.OUT_OF_RANGE.withDescription(e.getMessage()));
        } catch (StoreAwayException e) {
            Calls.fail(call, Status.UNAVAILABLE.withDescription(e.getMessage()));
        }
    }

    private void sendSnapshot(
            StateChangeSubscriptionRequest request,
            ServerCallStreamObserver<StateChangeEvent> call,
            Semaphore woken,
            EventId id,
            View view)
            throws InterruptedException {
        for (ResourceKind kind : ResourceKind.values()) {
            ResourceType type = EventMessages.type(kind);
            if (!isOf(request, type)) {
                continue;
            }
            ListResourcesByStateRequest all = ListResourcesByStateRequest.newBuilder()
                    .setResourceType(type)
                    .build();
            for (ResourceState state : resources.list(view, all).getResourcesList()) {
                if (!state.getCurrentState().isEmpty() && isNamed(request, state.getResourceName())) {
                    while (!call.isReady() && !call.isCancelled()) {
                        boolean _ = woken.tryAcquire(A_WHILE.toMillis(), TimeUnit.MILLISECONDS);
                    }
                    call.onNext(messages.snapshot(id, kind, state));
                }
            }
        }
    }

    /** False if the caller has hung up. */
    private static boolean awaitReady(
            ServerCallStreamObserver<StateChangeEvent> call, Semaphore woken, Follower follower)
            throws InterruptedException, Follower.LostException {
        while (!call.isCancelled()) {
            if (call.isReady() || follower.isLost()) {
                return true;
            }
            boolean _ = woken.tryAcquire(A_WHILE.toMillis(), TimeUnit.MILLISECONDS);
        }
        return false;
    }

    private static boolean isWanted(StateChangeSubscriptionRequest request, Event event) {
        return switch (event) {
            case Event.Changed changed ->
                isOf(request, EventMessages.type(changed.change().kind()))
                        && isNamed(request, changed.change().name());
            case Event.Recovery recovery ->
                request.getIncludeRecoveryEvents()
                        && isOf(request, ResourceType.RESOURCE_TYPE_PACKAGE)
                        && isNamed(request, recovery.packageName());
            case Event.Fault fault -> request.getIncludeHealthEvents();
        };
    }

    private static boolean isOf(StateChangeSubscriptionRequest request, ResourceType type) {
        return request.getResourceType() == ResourceType.RESOURCE_TYPE_UNSPECIFIED || request.getResourceType() == type;
    }

    private static boolean isNamed(StateChangeSubscriptionRequest request, String name) {
        String wanted = request.getFilterOrDefault(NAME, "");
        return wanted.isEmpty() || wanted.equals(name);
    }

    /** Ends all of them. */
    @Override
    public void close() {
        closed = true;
        threads.forEach(Thread::interrupt);
    }
}
