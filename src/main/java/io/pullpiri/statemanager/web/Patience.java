package io.pullpiri.statemanager.web;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long callers may take nothing of what is sent to them, and how long they may take for all of an answer. Then they are
 * given up, so that they hold nothing for ever.
 */
final class Patience implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Patience.class);

    /** A whole answer may take so many times as long as a part of it. */
    private static final int PARTS = 4;

    private final Duration limit;

    /** The threads that wait for their callers to take something, and since when. */
    private final Map<Thread, Long> sending = new ConcurrentHashMap<>();

    private final AtomicInteger givenUp = new AtomicInteger();
    private final Thread watchdog;

    /** A part of an answer, small enough to be taken in time. */
    interface Sending {
        void send() throws IOException;
    }

    Patience(Duration limit) {
        this.limit = limit;
        this.watchdog = Thread.ofVirtual().name("stalled callers").start(this::giveUp);
    }

    /** @throws IOException if the caller has hung up, or was given up */
    void send(Sending part) throws IOException {
        sending.put(Thread.currentThread(), System.nanoTime());
        try {
            part.send();
        } finally {
            sending.remove(Thread.currentThread());
        }
    }

    /** @throws IOException if a caller that is being answered since then has had its time */
    void requireLeft(long since) throws IOException {
        if (System.nanoTime() - since > limit.toNanos() * PARTS) {
            givenUp.incrementAndGet();
            throw new IOException("the answer was not taken within " + limit.multipliedBy(PARTS));
        }
    }

    private void giveUp() {
        try {
            while (true) {
                Thread.sleep(limit.dividedBy(6));
                long now = System.nanoTime();
                for (Thread thread : sending.keySet()) {
                    // Within the map's lock, so that nobody is interrupted whose caller has just taken everything.
                    Long _ = sending.computeIfPresent(thread, (same, since) -> {
                        if (now - since <= limit.toNanos()) {
                            return since;
                        }
                        // Whoever is interrupted while it writes to a connection loses the connection.
                        same.interrupt();
                        givenUp.incrementAndGet();
                        return null;
                    });
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("no caller is watched any more");
        }
    }

    /** How many callers were. */
    int givenUp() {
        return givenUp.get();
    }

    @Override
    public void close() {
        watchdog.interrupt();
    }
}
