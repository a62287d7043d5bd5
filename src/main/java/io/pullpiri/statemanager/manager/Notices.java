package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Plan.Notice;
import java.util.Collections;
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
public final class Notices {

    /** The kind of what another component reports as its own trouble: nothing is wrong with the report. */
    public static final String FAULT = "fault";

    private static final Logger LOG = LoggerFactory.getLogger(Notices.class);
    private static final int REMEMBERED = 10_000;

    /** Of one kind, in a minute: more is only counted, so that nobody can fill the disk with our log. */
    private static final int LINES = 100;

    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

    /** The messages that were logged; the oldest are forgotten, and logged once more if they come again. */
    private final Set<String> logged = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    }));

    private final Map<String, Lines> lines = new ConcurrentHashMap<>();

    private final Clock clock;

    Notices(Clock clock) {
        this.clock = clock;
    }

    /** How many lines of a kind were logged since when. */
    private static final class Lines {

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

    public void add(String kind, String message) {
        counts.computeIfAbsent(kind, any -> new LongAdder()).increment();
        if (logged.add(message)) {
            int line = lines.computeIfAbsent(kind, any -> new Lines())
                    .next(clock.now().ticks());
            if (line <= LINES) {
                LOG.warn("{}: {}", kind, message);
                return;
            }
            logged.remove(message);
            if (line == LINES + 1) {
                LOG.warn("{}: more than {} in a minute, the others are only counted", kind, LINES);
            }
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
