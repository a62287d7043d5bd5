package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Plan.Notice;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what was odd, and logs each oddity once. May be used from any thread. */
public final class Notices {

    /** The kind of what another component reports as its own trouble: nothing is wrong with the report. */
    public static final String FAULT = "fault";

    private static final Logger LOG = LoggerFactory.getLogger(Notices.class);
    private static final int REMEMBERED = 10_000;

    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

    /** The messages that were logged; the oldest are forgotten, and logged once more if they come again. */
    private final Set<String> logged = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    }));

    public void add(String kind, String message) {
        counts.computeIfAbsent(kind, any -> new LongAdder()).increment();
        if (logged.add(message)) {
            LOG.warn("{}: {}", kind, message);
        }
    }

    void addAll(Iterable<Notice> notices) {
        notices.forEach(notice -> add(notice.kind(), notice.message()));
    }

    /** How often each kind has come since the start. */
    public Map<String, Long> counts() {
        Map<String, Long> copy = new TreeMap<>();
        counts.forEach((kind, count) -> copy.put(kind, count.sum()));
        return copy;
    }
}
