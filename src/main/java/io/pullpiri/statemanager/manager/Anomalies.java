package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Plan.Anomaly;
import io.pullpiri.statemanager.state.LogText;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what was odd, and logs each oddity once. May be used from any thread. */
public final class Anomalies {

    /** The kind of what another component reports as its own trouble: nothing is wrong with the report. */
    public static final String FAULT = "fault";

    /** The kind of what a plan says of an unknown node that makes room for others: no input was refused. */
    public static final String EVICTED = "node-evicted";

    /** The kind of what a plan says of two addresses that report in turn under one node's name: no input was refused. */
    public static final String SHARED_NODE_NAME = "shared-node-name";

    /** Kinds that are no refused inputs, and have figures of their own. */
    static final Set<String> NOT_REJECTED = Set.of(FAULT, EVICTED, SHARED_NODE_NAME);

    private static final Logger LOG = LoggerFactory.getLogger(Anomalies.class);
    private static final int REMEMBERED = 10_000;

    /** Of one kind, in a minute: more is only counted, so that nobody can fill the disk with our log. */
    private static final int LINES = 100;

    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();
    private final Map<RefusalLabels, LongAdder> refusals = new ConcurrentHashMap<>();

    /** The messages that were logged; the oldest are forgotten, and logged once more if they come again. */
    private final Set<String> logged = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    }));

    private final Map<String, LogBudget> lines = new ConcurrentHashMap<>();

    private final Clock clock;

    /** @param clock bounds the lines of the log in a minute */
    public Anomalies(Clock clock) {
        this.clock = clock;
    }

    /** How many lines of a kind were logged since when. */
    private static final class LogBudget {

        private long since;
        private int count;

        synchronized int next(long now) {
            if (count == 0 || now - since > TimeUnit.MINUTES.toNanos(1)) {
                since = now;
                count = 0;
            }
            return ++count;
        }
    }

    /** A limit that refused something, and why it did: the labels of a metric, so both come from a small fixed set. */
    public record RefusalLabels(String limit, String reason) {}

    /**
     * Counts what a limit refused, and logs who was refused, at most 100 lines a minute for each limit.
     *
     * @param limit the limit's name, such as {@code http-connections}
     * @param reason why it refused, one of a few words, such as {@code address}
     * @param message who was refused, and what the limit is; it may quote input that was escaped before
     */
    public void refused(String limit, String reason, String message) {
        refusals.computeIfAbsent(new RefusalLabels(limit, reason), any -> new LongAdder())
                .increment();
        log(limit, message);
    }

    /** How often each limit has refused something since the start. */
    public Map<RefusalLabels, Long> refusals() {
        Map<RefusalLabels, Long> copy = new HashMap<>();
        refusals.forEach((refusal, count) -> copy.put(refusal, count.sum()));
        return copy;
    }

    public void add(String kind, String message) {
        counts.computeIfAbsent(kind, any -> new LongAdder()).increment();
        log(kind, message);
    }

    private void log(String kind, String message) {
        if (logged.add(message)) {
            int line = lines.computeIfAbsent(kind, any -> new LogBudget())
                    .next(clock.now().monotonicNanos());
            if (line <= LINES) {
                // Names from elsewhere may steer the terminal that shows the log.
                LOG.warn("{}: {}", kind, LogText.printable(message));
                return;
            }
            logged.remove(message);
            if (line == LINES + 1) {
                LOG.warn("{}: more than {} in a minute, the others are only counted", kind, LINES);
            }
        }
    }

    void addAll(Iterable<Anomaly> notices) {
        for (Anomaly notice : notices) {
            if (notice.reason().isEmpty()) {
                add(notice.kind(), notice.message());
            } else {
                refused(notice.kind(), notice.reason(), notice.message());
            }
        }
    }

    /** How often each kind has come since the start. */
    public Map<String, Long> counts() {
        Map<String, Long> copy = new TreeMap<>();
        counts.forEach((kind, count) -> copy.put(kind, count.sum()));
        return copy;
    }
}
