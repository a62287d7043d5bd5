// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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

/**
 * Counts anomalies by kind, and refusals by limit and reason. Logs each different message once. May be used from any thread.
 */
public final class Anomalies {

    /** The kind of a fault that another component reports. The report itself is valid. */
    public static final String FAULT = "fault";

    /** The kind for an unknown node that was evicted to make room. No input was refused. */
    public static final String EVICTED = "node-evicted";

    /** The kind for two addresses that report in turn under one node name. No input was refused. */
    public static final String SHARED_NODE_NAME = "shared-node-name";

    /** Kinds that are not refused inputs. Each has a metric of its own. */
    static final Set<String> NOT_REJECTED = Set.of(FAULT, EVICTED, SHARED_NODE_NAME);

    private static final Logger LOG = LoggerFactory.getLogger(Anomalies.class);
    private static final int REMEMBERED = 10_000;

    /** Lines in a minute for one kind. Further messages are only counted, so that no client can fill the disk with the log. */
    private static final int LINES = 100;

    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();
    private final Map<RefusalLabels, LongAdder> refusals = new ConcurrentHashMap<>();

    /** The messages that were logged. The oldest ones are removed, and are logged again if they occur again. */
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

    /** Counts the lines of one kind in the current minute. */
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

    /** The labels of the metric of refusals: a limit, and the reason of a refusal. Both come from a small fixed set. */
    public record RefusalLabels(String limit, String reason) {}

    /**
     * Counts a refusal of a limit, and logs its message, at most 100 lines a minute for each limit.
     *
     * @param limit the limit's name, such as {@code http-connections}
     * @param reason the label for the reason, from a small fixed set, such as {@code address}
     * @param message names the caller that was refused, and the limit; names from the input are escaped in the log
     */
    public void refused(String limit, String reason, String message) {
        refusals.computeIfAbsent(new RefusalLabels(limit, reason), any -> new LongAdder())
                .increment();
        log(limit, message);
    }

    /** Returns how often each limit refused, by reason, since the start. */
    public Map<RefusalLabels, Long> refusals() {
        Map<RefusalLabels, Long> copy = new HashMap<>();
        refusals.forEach((refusal, count) -> copy.put(refusal, count.sum()));
        return copy;
    }

    /** Counts an anomaly, and logs its message, at most 100 lines a minute for each kind. */
    public void add(String kind, String message) {
        counts.computeIfAbsent(kind, any -> new LongAdder()).increment();
        log(kind, message);
    }

    private void log(String kind, String message) {
        if (logged.add(message)) {
            int line = lines.computeIfAbsent(kind, any -> new LogBudget())
                    .next(clock.now().monotonicNanos());
            if (line <= LINES) {
                // A name from the input may contain control characters for a terminal.
                LOG.warn("{}: {}", kind, LogText.printable(message));
                return;
            }
            logged.remove(message);
            if (line == LINES + 1) {
                LOG.warn("{}: more than {} in a minute, the others are only counted", kind, LINES);
            }
        }
    }

    /** Adds the anomalies of a plan; those with a reason are refusals. */
    void addAll(Iterable<Anomaly> anomalies) {
        for (Anomaly anomaly : anomalies) {
            if (anomaly.reason().isEmpty()) {
                add(anomaly.kind(), anomaly.message());
            } else {
                refused(anomaly.kind(), anomaly.reason(), anomaly.message());
            }
        }
    }

    /** Returns how often each kind has occurred since the start. */
    public Map<String, Long> counts() {
        Map<String, Long> copy = new TreeMap<>();
        counts.forEach((kind, count) -> copy.put(kind, count.sum()));
        return copy;
    }
}
