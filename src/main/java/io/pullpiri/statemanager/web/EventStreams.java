// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.limits.AddressShares;
import io.pullpiri.statemanager.manager.ChangeReader;
import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.manager.EventId;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.ReadFailedException;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.View;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The streams of server-sent events. The thread of a request serves its stream. */
final class EventStreams implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EventStreams.class);

    static final String PATH = "/api/v1/events";

    /** The most streams at the same time. */
    static final int MAX = 1_000;

    /** The interval at which a stream checks whether the store works. The change feed has no event for it. */
    private static final Duration STORE_CHECK_INTERVAL = Duration.ofMillis(500);

    private static final EventId FIRST = new EventId(1, 0);

    private final Manager manager;
    private final ResourceJson resourceJson;
    private final Duration heartbeat;
    private final AddressShares shares = new AddressShares(MAX);

    /** The threads that serve streams. */
    private final Set<Thread> streams = ConcurrentHashMap.newKeySet();

    private volatile Json.StoreJson store =
            new Json.StoreJson(false, Instant.now().toString(), null);
    private volatile boolean closed;

    /** @param heartbeat the interval at which a stream without events sends {@code alive} */
    EventStreams(Manager manager, ResourceJson resourceJson, Duration heartbeat) {
        this.manager = manager;
        this.resourceJson = resourceJson;
        this.heartbeat = heartbeat;
        manager.onReadiness(
                ready -> store = new Json.StoreJson(ready, Instant.now().toString(), null));
    }

    /** The resources whose events a caller wants. No kind stands for all kinds, and an empty name for all names. */
    private record EventFilter(Set<ResourceKind> kinds, String name) {

        static EventFilter of(Request request) throws HttpProblem {
            Set<ResourceKind> kinds = EnumSet.noneOf(ResourceKind.class);
            for (String text : request.parameters("kind")) {
                kinds.add(kind(text));
            }
            return new EventFilter(kinds, request.parameter("name"));
        }

        private static ResourceKind kind(String text) throws HttpProblem {
            for (ResourceKind kind : ResourceKind.values()) {
                if (kind.label().equals(text)) {
                    return kind;
                }
            }
            throw new HttpProblem(
                    400,
                    "kind: '" + LogText.excerpt(text, 60) + "' (expected: "
                            + Arrays.stream(ResourceKind.values())
                                    .map(ResourceKind::label)
                                    .collect(Collectors.joining(", "))
                            + ")");
        }

        boolean wants(ResourceKind of, String named) {
            return (kinds.isEmpty() || kinds.contains(of)) && (name.isEmpty() || name.equals(named));
        }

        boolean wantsAll() {
            return kinds.isEmpty() && name.isEmpty();
        }
    }

    /** Serves a stream until its caller closes it or reads too slowly, or the server stops. */
    void serve(Request request, Exchange exchange) throws IOException, HttpProblem {
        request.requireOnly("kind", "name", "after");
        EventFilter filter = EventFilter.of(request);
        EventId after = after(request);
        if (manager.firstView(Duration.ofHours(1)).join().isEmpty()) {
            throw new HttpProblem(503, manager.whyNotRead());
        }
        String address = exchange.address();
        switch (shares.tryAcquire(address, false, () -> {
            refused("replaced", "a stream was closed for a new one", address);
            exchange.cut();
        })) {
            case AddressShares.NoPlace(AddressShares.Reason reason, int held, int used) -> {
                refused(reason.label(), "too many streams", address);
                throw new HttpProblem(
                        503,
                        "busy: your address has %d of %d streams (expected: no more than its share of %d)"
                                .formatted(held, used, MAX));
            }
            case AddressShares.Place place -> {
                try {
                    exchange.hold(place);
                    serve(exchange, filter, after);
                } finally {
                    place.release();
                }
            }
        }
    }

    private void refused(String reason, String what, String address) {
        manager.anomalies().refused("http-streams", reason, what + " (client: " + address + ")");
    }

    private void serve(Exchange exchange, EventFilter filter, @Nullable EventId after) throws IOException {
        streams.add(Thread.currentThread());
        // Without this header, nginx would buffer the stream.
        ResponseBody answer = exchange.beginStream(
                Reply.head(200, "text/event-stream", Map.of("Cache-Control", "no-store", "X-Accel-Buffering", "no")));
        try {
            if (!exchange.isHead()) {
                follow(exchange, filter, after, new Sink(answer));
            }
            answer.close();
        } catch (InterruptedException e) {
            LOG.debug("a stream ends because the server stops");
            exchange.cut();
        } finally {
            answer.abort();
            streams.remove(Thread.currentThread());
        }
    }

    private static @Nullable EventId after(Request request) throws HttpProblem {
        // A browser that reconnects sends this header together with its first address, whose parameter is outdated.
        String resumed = Objects.requireNonNullElse(request.header("Last-Event-ID"), "");
        String text = resumed.isEmpty() ? request.parameter("after") : resumed;
        EventId after = EventId.parse(text);
        if (after == null && !text.isEmpty()) {
            throw new HttpProblem(
                    400,
                    (resumed.isEmpty() ? "after" : "Last-Event-ID") + ": '" + LogText.excerpt(text, 60)
                            + "' (expected: the id of an event, such as 42.3)");
        }
        // Every id before the first change stands for the first change.
        return after != null && after.compareTo(FIRST) < 0 ? FIRST : after;
    }

    private void follow(Exchange exchange, EventFilter filter, @Nullable EventId after, Sink sink)
            throws IOException, InterruptedException {
        try {
            ChangeReader reader =
                    after == null ? manager.feed().follow() : manager.feed().followAfter(after);
            View start = reader.start();
            if (start != null) {
                snapshot(filter, start, sink);
            }
            Json.StoreJson sent = store();
            sink.add(null, "store", sent);
            sink.add(reader.last(), "ready", new Json.ReadyJson(reader.last().toString()));
            sink.flush();
            while (!closed && exchange.isOpen()) {
                Duration wait = sink.untilHeartbeat();
                for (Event event :
                        reader.next(wait.compareTo(STORE_CHECK_INTERVAL) < 0 ? wait : STORE_CHECK_INTERVAL)) {
                    add(filter, event, sink);
                }
                Json.StoreJson now = store();
                if (!now.equals(sent)) {
                    sink.add(null, "store", now);
                    sent = now;
                }
                // The filter may exclude every event.
                if (sink.untilHeartbeat().isZero()) {
                    sink.add(
                            reader.last(),
                            "alive",
                            new Json.ReadyJson(reader.last().toString()));
                }
                sink.flush();
            }
        } catch (ChangeReader.GapException e) {
            sink.resetId();
            sink.add(null, "lost", new Json.ProblemJson("Lost", 410, String.valueOf(e.getMessage())));
            sink.flush();
        } catch (ReadFailedException e) {
            LOG.debug("a stream ends; its caller can resume it: {}", e.getMessage());
        }
    }

    /** Returns whether the store works. The reason is the current one, because it can change during an outage. */
    private Json.StoreJson store() {
        Json.StoreJson known = store;
        String reason = known.ready() ? "" : manager.whyNotReady();
        return reason.isEmpty() ? known : new Json.StoreJson(false, known.since(), reason);
    }

    /** Sends the snapshot. Its events have no id, so a client that is cut off must start again. */
    private void snapshot(EventFilter filter, View view, Sink sink) throws IOException {
        for (ResourceKind kind : ResourceKind.WITH_STATES) {
            for (ResourceEntry<?> entry : view.resources(kind).values()) {
                if (entry.state().value() != null && filter.wants(kind, entry.name())) {
                    sink.add(null, "snapshot", resourceJson.of(view, entry));
                }
            }
        }
    }

    private void add(EventFilter filter, Event event, Sink sink) throws IOException {
        switch (event) {
            case Event.Changed changed -> {
                if (filter.wants(changed.change().kind(), changed.change().name())) {
                    sink.add(changed.id(), "change", resourceJson.of(changed.change()));
                }
            }
            case Event.Recovery recovery -> {
                if (filter.wants(ResourceKind.PACKAGE, recovery.packageName())) {
                    sink.add(recovery.id(), "recovery", resourceJson.of(recovery));
                }
            }
            case Event.Fault fault -> {
                if (filter.wantsAll()) {
                    sink.add(fault.id(), "fault", resourceJson.of(fault));
                }
            }
        }
    }

    /** Writes events to the caller, which may read them slowly. */
    private final class Sink {

        private final ResponseBody caller;
        private long lastAdded = System.nanoTime();

        Sink(ResponseBody caller) {
            this.caller = caller;
        }

        void add(@Nullable EventId id, String type, Object data) throws IOException {
            String head = (id == null ? "" : "id: " + id + "\n") + "event: " + type + "\ndata: ";
            caller.write(head.getBytes(StandardCharsets.UTF_8));
            caller.write(Json.bytes(data));
            caller.write("\n\n".getBytes(StandardCharsets.UTF_8));
            lastAdded = System.nanoTime();
        }

        /** Makes a browser forget its last id, so that it reconnects without one. An event must follow. */
        void resetId() throws IOException {
            caller.write("id:\n".getBytes(StandardCharsets.UTF_8));
        }

        void flush() throws IOException {
            caller.flush();
        }

        /** Returns the time until the next heartbeat; zero if it is due. */
        Duration untilHeartbeat() {
            return Duration.ofNanos(Math.max(0, heartbeat.toNanos() - (System.nanoTime() - lastAdded)));
        }
    }

    /** Returns the number of streams. */
    int size() {
        return streams.size();
    }

    /** Ends all streams. */
    @Override
    public void close() {
        closed = true;
        streams.forEach(Thread::interrupt);
    }
}
