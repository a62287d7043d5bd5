// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.statemanager.manager.ChangeReader;
import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.manager.EventId;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.ReadFailedException;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The subscriptions over gRPC. Each has a virtual thread, which waits for changes and for its subscriber to read. */
// [impl->req~wire-subscription~1]
final class Subscriptions implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Subscriptions.class);

    private static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

    /** The unsent bytes of one subscriber. A small message takes about 200 bytes of objects in addition. */
    private static final int MAX_UNSENT = 4 << 10;

    private static final String NAME = "name";
    private static final String AFTER = "after";

    private final Manager manager;
    private final EventMessages messages;
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    Subscriptions(Manager manager, EventMessages messages) {
        this.manager = manager;
        this.messages = messages;
    }

    /** Serves a subscription until its caller cancels it or reads too slowly, or the server stops. */
    void subscribe(StateChangeSubscriptionRequest request, StreamObserver<StateChangeEvent> caller) {
        ServerCallStreamObserver<StateChangeEvent> call = (ServerCallStreamObserver<StateChangeEvent>) caller;
        String problem = problem(request);
        if (problem != null) {
            Calls.fail(call, Status.INVALID_ARGUMENT.withDescription(problem));
            return;
        }
        // The thread must not keep the request: it may be large, and a subscription may last for days.
        SubscriptionFilter wanted = SubscriptionFilter.of(request);
        Semaphore woken = new Semaphore(0);
        call.setOnReadyThreshold(MAX_UNSENT);
        call.setOnReadyHandler(woken::release);
        Thread thread = Thread.ofVirtual().name("subscription").unstarted(() -> {
            try {
                serve(wanted, call, woken);
            } catch (InterruptedException e) {
                Calls.fail(call, Status.UNAVAILABLE.withDescription("StateManager is stopping"));
            } catch (RuntimeException e) {
                // gRPC does not see a failure on this thread.
                LOG.error("a subscription failed, which is a defect", e);
                Calls.fail(call, Status.INTERNAL.withDescription("internal error: " + e));
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
        if (type != ResourceType.RESOURCE_TYPE_UNSPECIFIED
                && type != ResourceType.RESOURCE_TYPE_NODE
                && !Resources.isManaged(type)) {
            return Resources.notManaged(request.getResourceTypeValue());
        }
        for (String key : request.getFilterMap().keySet()) {
            if (!key.equals(NAME) && !key.equals(AFTER)) {
                return "filter: '" + key + "' (expected: name or after)";
            }
        }
        String name = request.getFilterOrDefault(NAME, "");
        String nameProblem = name.isEmpty() ? null : Names.problem(name);
        if (nameProblem != null) {
            return Calls.invalidName("filter.name", name, nameProblem);
        }
        String after = request.getFilterOrDefault(AFTER, "");
        return after.isEmpty() || EventId.parse(after) != null
                ? null
                : "filter.after: '" + after + "' (expected: the id of an event, such as 42.3)";
    }

    private void serve(SubscriptionFilter wanted, ServerCallStreamObserver<StateChangeEvent> call, Semaphore woken)
            throws InterruptedException {
        if (manager.firstView(Duration.ofDays(1)).join().isEmpty()) {
            Calls.fail(call, Status.UNAVAILABLE.withDescription(manager.whyNotRead()));
            return;
        }
        try {
            EventId after = wanted.after();
            ChangeReader reader =
                    after == null ? manager.feed().follow() : manager.feed().followAfter(after);
            View start = reader.start();
            if (start != null) {
                sendSnapshot(wanted, call, woken, reader, start);
            }
            while (!call.isCancelled()) {
                for (Event event : reader.next(CHECK_INTERVAL)) {
                    if (wanted.has(event) && awaitReady(call, woken, reader)) {
                        call.onNext(messages.message(event));
                    }
                }
            }
        } catch (ChangeReader.GapException e) {
            Calls.fail(call, Status.OUT_OF_RANGE.withDescription(e.getMessage()));
        } catch (ReadFailedException e) {
            Calls.fail(call, Status.UNAVAILABLE.withDescription(e.getMessage()));
        }
    }

    /** Sends the snapshot. Only its last message has an id: a client that is cut off before must subscribe again. */
    private void sendSnapshot(
            SubscriptionFilter wanted,
            ServerCallStreamObserver<StateChangeEvent> call,
            Semaphore woken,
            ChangeReader reader,
            View view)
            throws InterruptedException, ChangeReader.GapException {
        StateChangeEvent held = null;
        for (ResourceKind kind : ResourceKind.values()) {
            if (!wanted.isOf(EventMessages.type(kind))) {
                continue;
            }
            Iterator<StateChangeEvent> parts =
                    messages.snapshot(view, kind, wanted.name()).iterator();
            while (parts.hasNext()) {
                if (held != null) {
                    sendPart(held, call, woken, reader);
                }
                held = parts.next();
            }
        }
        if (held != null) {
            sendPart(held.toBuilder().setEventId(reader.last().toString()).build(), call, woken, reader);
        }
    }

    /** Sends one message of a snapshot. Fails if the reader has lost its place, because changes could not follow then. */
    private static void sendPart(
            StateChangeEvent part,
            ServerCallStreamObserver<StateChangeEvent> call,
            Semaphore woken,
            ChangeReader reader)
            throws InterruptedException, ChangeReader.GapException {
        requireNotLost(reader);
        if (awaitReady(call, woken, reader)) {
            call.onNext(part);
        }
    }

    /** Waits until the subscriber reads. Returns false if the call was cancelled. */
    private static boolean awaitReady(
            ServerCallStreamObserver<StateChangeEvent> call, Semaphore woken, ChangeReader reader)
            throws InterruptedException, ChangeReader.GapException {
        while (!call.isCancelled()) {
            if (call.isReady()) {
                return true;
            }
            requireNotLost(reader);
            boolean _ = woken.tryAcquire(CHECK_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
        }
        return false;
    }

    private static void requireNotLost(ChangeReader reader) throws InterruptedException, ChangeReader.GapException {
        if (reader.isLost()) {
            // The failure that it throws has the reason.
            List<Event> _ = reader.next(Duration.ZERO);
        }
    }

    /**
     * The events that a subscriber wants.
     *
     * @param type the type of resources; unspecified for all
     * @param name the name of the resource; empty for all
     * @param after the id of the last event that the subscriber knows; null for a snapshot first
     * @param recoveries whether recovery events are wanted
     * @param faults whether faults are wanted
     */
    private record SubscriptionFilter(
            ResourceType type, String name, @Nullable EventId after, boolean recoveries, boolean faults) {

        static SubscriptionFilter of(StateChangeSubscriptionRequest request) {
            return new SubscriptionFilter(
                    request.getResourceType(),
                    request.getFilterOrDefault(NAME, ""),
                    EventId.parse(request.getFilterOrDefault(AFTER, "")),
                    request.getIncludeRecoveryEvents(),
                    request.getIncludeHealthEvents());
        }

        boolean has(Event event) {
            return switch (event) {
                case Event.Changed changed ->
                    isOf(EventMessages.type(changed.change().kind()))
                            && isNamed(changed.change().name());
                case Event.Recovery recovery ->
                    recoveries && isOf(ResourceType.RESOURCE_TYPE_PACKAGE) && isNamed(recovery.packageName());
                case Event.Fault fault -> faults;
            };
        }

        boolean isOf(ResourceType other) {
            return type == ResourceType.RESOURCE_TYPE_UNSPECIFIED || type == other;
        }

        private boolean isNamed(String other) {
            return name.isEmpty() || name.equals(other);
        }
    }

    /** Ends all subscriptions. */
    @Override
    public void close() {
        closed = true;
        threads.forEach(Thread::interrupt);
    }
}
