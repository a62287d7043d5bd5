// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import static java.util.Objects.requireNonNull;

import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchProgressRequest;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.pullpiri.statemanager.store.Watch;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.WatchListener;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A watch on several prefixes over one stream. After a broken stream it opens a new one, which starts, for each prefix, after
 * the last revision that the listener got. It asks etcd for progress regularly. If etcd sends nothing for {@value
 * #MAX_SILENT_INTERVALS} intervals, connected or not, the watch is lost.
 *
 * <p>Everything except {@link #close} runs on the thread that the constructor gets.
 */
final class EtcdWatch implements Watch {

    private static final Logger LOG = LoggerFactory.getLogger(EtcdWatch.class);
    private static final int MAX_SILENT_INTERVALS = 3;
    private static final Status STREAM_ENDED = Status.UNAVAILABLE.withDescription("etcd has ended the stream");
    private static final long MIN_RETRY_MILLIS = 50;
    private static final long MAX_RETRY_MILLIS = 1_000;

    private final EtcdConnection connection;
    private final ScheduledExecutorService thread;
    private final Duration progressInterval;
    private final List<Range> ranges;
    private final WatchListener listener;
    private final Consumer<EtcdWatch> onEnd;

    private @Nullable Stream stream;
    private @Nullable ScheduledFuture<?> ticks;
    private long retryMillis = MIN_RETRY_MILLIS;
    private boolean answered;
    private int silentIntervals;
    private String lastFailure = "connected";
    private volatile boolean ended;

    EtcdWatch(
            EtcdConnection connection,
            ScheduledExecutorService thread,
            Duration progressInterval,
            List<String> prefixes,
            long fromRevision,
            WatchListener listener,
            Consumer<EtcdWatch> onEnd) {
        this.connection = connection;
        this.thread = thread;
        this.progressInterval = progressInterval;
        this.ranges =
                prefixes.stream().map(prefix -> new Range(prefix, fromRevision)).toList();
        this.listener = listener;
        this.onEnd = onEnd;
    }

    void start() {
        long interval = progressInterval.toNanos();
        thread.execute(() -> {
            ticks = thread.scheduleWithFixedDelay(this::tick, interval, interval, TimeUnit.NANOSECONDS);
            connect();
        });
    }

    @Override
    public void close() {
        ended = true;
        onEnd.accept(this);
        thread.execute(this::release);
    }

    private void release() {
        if (ticks != null) {
            ticks.cancel(false);
        }
        Stream open = stream;
        if (open != null) {
            stream = null;
            open.requests().cancel("the watch has ended", null);
        }
    }

    private void connect() {
        if (ended) {
            release();
            return;
        }
        Stream opened = new Stream();
        stream = opened;
        connection.watchStub().watch(opened);
        for (Range range : ranges) {
            opened.requests()
                    .onNext(WatchRequest.newBuilder()
                            .setCreateRequest(WatchCreateRequest.newBuilder()
                                    .setKey(Ranges.start(range.prefix))
                                    .setRangeEnd(Ranges.end(range.prefix))
                                    .setStartRevision(range.start()))
                            .build());
        }
    }

    private void disconnected(EtcdFailure failure) {
        lastFailure = failure.reason();
        if (failure.isAnswerTooLarge()) {
            // The same answer would be as large again.
            lose(lastFailure);
            return;
        }
        LOG.debug("a watch is interrupted and will resume: {}", lastFailure);
        stream = null;
        connection.reconnectSoon();
        var _ = thread.schedule(this::connect, retryMillis, TimeUnit.MILLISECONDS);
        retryMillis = Math.min(2 * retryMillis, MAX_RETRY_MILLIS);
    }

    private void tick() {
        silentIntervals = answered ? 0 : silentIntervals + 1;
        answered = false;
        if (silentIntervals >= MAX_SILENT_INTERVALS) {
            lose("etcd has sent nothing for %s (%s)"
                    .formatted(progressInterval.multipliedBy(MAX_SILENT_INTERVALS), lastFailure));
        } else if (stream != null) {
            stream.requests()
                    .onNext(WatchRequest.newBuilder()
                            .setProgressRequest(WatchProgressRequest.getDefaultInstance())
                            .build());
        }
    }

    private void received(Stream from, WatchResponse response) {
        answered = true;
        retryMillis = MIN_RETRY_MILLIS;
        lastFailure = "connected";
        if (response.getCanceled()) {
            lose(
                    response.getCompactRevision() > 0
                            ? "compacted: the oldest revision that etcd has is " + response.getCompactRevision()
                            : "etcd has ended the watch: " + response.getCancelReason());
        } else if (response.getCreated()) {
            // etcd confirms watches in the order of the requests.
            from.byWatchId.put(response.getWatchId(), ranges.get(from.byWatchId.size()));
        } else if (response.getEventsCount() > 0) {
            changed(requireNonNull(from.byWatchId.get(response.getWatchId())), response.getEventsList());
        } else {
            progressed(response.getHeader().getRevision());
        }
    }

    private void changed(Range range, List<Event> changes) {
        List<WatchEvent> events = changes.stream()
                .filter(change -> change.getKv().getModRevision() >= range.next)
                .map(EtcdWatch::toWatchEvent)
                .toList();
        if (!events.isEmpty()) {
            range.next = events.getLast().revision() + 1;
            listener.onEvents(events);
        }
    }

    /**
     * Handles an answer to a request for progress, which only proves that etcd works. etcd before 3.4.25 sends it before earlier
     * changes, so it does not move the revision from which the watch resumes.
     */
    private void progressed(long revision) {
        long known = ranges.stream().mapToLong(range -> range.next - 1).max().orElse(0);
        if (revision < known) {
            lose("etcd is at revision %d and was at %d before: its data was replaced".formatted(revision, known));
        }
    }

    private void lose(String reason) {
        if (!ended) {
            close();
            listener.onLost(reason);
        }
    }

    private static WatchEvent toWatchEvent(Event event) {
        String value = event.getType() == Event.EventType.DELETE
                ? null
                : event.getKv().getValue().toStringUtf8();
        return new WatchEvent(
                event.getKv().getKey().toStringUtf8(), value, event.getKv().getModRevision());
    }

    /** A watched prefix, and the first revision that the listener did not get. */
    private static final class Range {

        private final String prefix;
        private long next;

        Range(String prefix, long next) {
            this.prefix = prefix;
            this.next = next;
        }

        /**
         * Returns the revision at which the stream starts: one earlier than needed, whose events are dropped. etcd 3.6 and later
         * answers no request for progress while a watch on the stream starts at a future revision.
         */
        long start() {
            return Math.max(1, next - 1);
        }
    }

    /** One call to etcd. It asks for a response only after the previous one is processed, so a slow listener slows etcd. */
    private final class Stream implements ClientResponseObserver<WatchRequest, WatchResponse> {

        private final Map<Long, Range> byWatchId = new HashMap<>();
        private @Nullable ClientCallStreamObserver<WatchRequest> requests;

        ClientCallStreamObserver<WatchRequest> requests() {
            return requireNonNull(requests);
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<WatchRequest> requestStream) {
            requests = requestStream;
            requestStream.disableAutoRequestWithInitial(1);
        }

        @Override
        public void onNext(WatchResponse response) {
            onThread(() -> {
                received(this, response);
                requests().request(1);
            });
        }

        @Override
        public void onError(Throwable failure) {
            onThread(() -> disconnected(new EtcdFailure(Status.fromThrowable(failure), true)));
        }

        @Override
        public void onCompleted() {
            onThread(() -> disconnected(new EtcdFailure(STREAM_ENDED, true)));
        }

        private void onThread(Runnable task) {
            thread.execute(() -> {
                if (stream != this || ended) {
                    return;
                }
                try {
                    task.run();
                } catch (RuntimeException e) {
                    LOG.error("a watch is lost: its listener failed", e);
                    lose("the listener failed: " + e);
                }
            });
        }
    }
}
