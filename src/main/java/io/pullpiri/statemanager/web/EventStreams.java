package io.pullpiri.statemanager.web;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import io.pullpiri.statemanager.cascade.ResourceKind;
import io.pullpiri.statemanager.cascade.View;
import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.manager.EventId;
import io.pullpiri.statemanager.manager.Follower;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.StoreAwayException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Followers that ask over HTTP: server-sent events. Each is served by the thread of its request. */
final class EventStreams implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EventStreams.class);

    static final int MOST = 1_000;

    /** So often a silent stream shows that it lives. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);

    /** A caller that takes nothing for so long is given up. */
    private static final Duration STALLED = Duration.ofSeconds(30);

    private static final int BUFFER = 32 << 10;

    private final Manager manager;
    private final Representations representations;

    /** The threads that serve, and since when each waits for its caller to take something; 0 if it does not. */
    private final Map<Thread, Long> streams = new ConcurrentHashMap<>();

    private final Thread watchdog = Thread.ofVirtual().name("stalled streams").start(this::endStalled);
    private volatile boolean closed;

    EventStreams(Manager manager, Representations representations) {
        this.manager = manager;
        this.representations = representations;
    }

    /** Of what a caller wants to hear. */
    private record Filter(@Nullable ResourceKind kind, String name) {

        static Filter of(Request request) throws Refusal {
            String text = request.parameter("kind");
            ResourceKind kind = Arrays.stream(ResourceKind.values())
                    .filter(known -> known.word().equals(text))
                    .findFirst()
                    .orElse(null);
            if (kind == null && !text.isEmpty()) {
                throw new Refusal(
                        400,
                        "kind: '" + text + "' (expected: "
                                + Arrays.stream(ResourceKind.values())
                                        .map(ResourceKind::word)
                                        .collect(Collectors.joining(", "))
                                + ")");
            }
            return new Filter(kind, request.parameter("name"));
        }

        boolean wants(ResourceKind of, String named) {
            return (kind == null || kind == of) && (name.isEmpty() || name.equals(named));
        }

        boolean wantsAll() {
            return kind == null && name.isEmpty();
        }
    }

    /** Answers until the caller hangs up or cannot keep up, or the server stops. */
    void serve(Request request, HttpExchange exchange) throws IOException, Refusal {
        request.requireOnly("kind", "name", "after");
        Filter filter = Filter.of(request);
        EventId after = after(request);
        if (streams.size() >= MOST) {
            throw new Refusal(503, "there are " + MOST + " streams already");
        }
        if (manager.firstView(Duration.ofHours(1)).join().isEmpty()) {
            throw new Refusal(503, "the store has not been read yet");
        }
        Headers headers = exchange.getResponseHeaders();
        Reply.secure(headers);
        headers.set("Content-Type", "text/event-stream");
        headers.set("Cache-Control", "no-store");
        streams.put(Thread.currentThread(), 0L);
        try {
            exchange.sendResponseHeaders(200, exchange.getRequestMethod().equals("HEAD") ? -1 : 0);
            if (!exchange.getRequestMethod().equals("HEAD")) {
                follow(filter, after, new Sink(exchange.getResponseBody()));
            }
        } catch (InterruptedException e) {
            LOG.debug("a stream ends because the server stops");
        } finally {
            streams.remove(Thread.currentThread());
        }
    }

    private static @Nullable EventId after(Request request) throws Refusal {
        // A browser that reconnects sends the header, and the address that it began with.
        String resumed = request.header("Last-Event-ID");
        String text = resumed == null || resumed.isEmpty() ? request.parameter("after") : resumed;
        EventId after = EventId.parse(text);
        if (after == null && !text.isEmpty()) {
            throw new Refusal(400, "after: '" + text + "' (expected: the id of an event, such as 42.3)");
        }
        return after;
    }

    private void follow(Filter filter, @Nullable EventId after, Sink sink) throws IOException, InterruptedException {
        try {
            Follower follower =
                    after == null ? manager.feed().follow() : manager.feed().followAfter(after);
            View start = follower.start();
            if (start != null) {
                snapshot(filter, start, sink);
            }
            sink.add(follower.last(), "ready", new Json.Ready(follower.last().toString()));
            sink.flush();
            while (!closed) {
                List<Event> events = follower.next(HEARTBEAT);
                for (Event event : events) {
                    add(filter, event, sink);
                }
                if (events.isEmpty()) {
                    sink.add(
                            follower.last(),
                            "alive",
                            new Json.Ready(follower.last().toString()));
                }
                sink.flush();
            }
        } catch (Follower.LostException e) {
            sink.add(null, "lost", new Json.Problem("Lost", 410, String.valueOf(e.getMessage())));
            sink.flush();
        } catch (StoreAwayException e) {
            LOG.debug("a stream ends, to be resumed by its caller: {}", e.getMessage());
        }
    }

    /** No event of it has an id: who is cut off within it has to begin anew. */
    private void snapshot(Filter filter, View view, Sink sink) throws IOException {
        for (var entry : view.scenarios().values()) {
            if (entry.state().value() != null && filter.wants(ResourceKind.SCENARIO, entry.name())) {
                sink.add(null, "snapshot", representations.of(entry));
            }
        }
        for (var entry : view.packages().values()) {
            if (entry.state().value() != null && filter.wants(ResourceKind.PACKAGE, entry.name())) {
                sink.add(null, "snapshot", representations.of(view, entry));
            }
        }
        for (var entry : view.models().values()) {
            if (entry.state().value() != null && filter.wants(ResourceKind.MODEL, entry.name())) {
                sink.add(null, "snapshot", representations.of(entry));
            }
        }
    }

    private void add(Filter filter, Event event, Sink sink) throws IOException {
        switch (event) {
            case Event.Changed changed -> {
                if (filter.wants(changed.change().kind(), changed.change().name())) {
                    sink.add(changed.id(), "change", representations.of(changed.change()));
                }
            }
            case Event.Recovery recovery -> {
                if (filter.wants(ResourceKind.PACKAGE, recovery.packageName())) {
                    sink.add(recovery.id(), "recovery", representations.of(recovery));
                }
            }
            case Event.Fault fault -> {
                if (filter.wantsAll()) {
                    sink.add(fault.id(), "fault", representations.of(fault));
                }
            }
        }
    }

    /** Gathers events and gives them to the caller, who may take them slowly. */
    private final class Sink {

        private final OutputStream caller;
        private final ByteArrayOutputStream buffer = new ByteArrayOutputStream(BUFFER);

        Sink(OutputStream caller) {
            this.caller = caller;
        }

        void add(@Nullable EventId id, String type, Object data) throws IOException {
            String head = (id == null ? "" : "id: " + id + "\n") + "event: " + type + "\ndata: ";
            buffer.writeBytes(head.getBytes(StandardCharsets.UTF_8));
            buffer.writeBytes(Json.bytes(data));
            buffer.writeBytes("\n\n".getBytes(StandardCharsets.UTF_8));
            if (buffer.size() >= BUFFER) {
                flush();
            }
        }

        void flush() throws IOException {
            if (buffer.size() == 0) {
                return;
            }
            streams.put(Thread.currentThread(), System.nanoTime());
            try {
                buffer.writeTo(caller);
                caller.flush();
            } finally {
                streams.put(Thread.currentThread(), 0L);
                buffer.reset();
            }
        }
    }

    private void endStalled() {
        try {
            while (true) {
                Thread.sleep(STALLED.dividedBy(6));
                long now = System.nanoTime();
                // Whoever is interrupted while it writes to a connection loses the connection.
                streams.forEach((thread, since) -> {
                    if (since != 0 && now - since > STALLED.toNanos()) {
                        thread.interrupt();
                    }
                });
            }
        } catch (InterruptedException e) {
            LOG.debug("no stream is watched any more");
        }
    }

    int size() {
        return streams.size();
    }

    /** Ends all of them. */
    @Override
    public void close() {
        closed = true;
        watchdog.interrupt();
        streams.keySet().forEach(Thread::interrupt);
    }
}
