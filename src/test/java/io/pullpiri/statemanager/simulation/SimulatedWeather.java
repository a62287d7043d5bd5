// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Random;

/** The faults and delays of the store on one simulated day. All delays come from the day's own random source. */
final class SimulatedWeather implements StoreFaults {

    private final VirtualTime time;
    private final Random chance;
    private final Counts counts;
    private final Trace trace;
    private final Duration patience;
    private final Queue<Fate> fates = new ArrayDeque<>();
    private long awayUntil;
    private long refusingUntil;
    private int underWay;

    /** @param patience how long the caller of a commit waits for its answer */
    SimulatedWeather(VirtualTime time, Random chance, Counts counts, Trace trace, Duration patience) {
        this.time = time;
        this.chance = chance;
        this.counts = counts;
        this.trace = trace;
        this.patience = patience;
    }

    /** Adds the fate of a later commit, after the fates that were added before. */
    void add(Fate fate) {
        fates.add(fate);
    }

    /** Makes the store unreachable for a time. */
    void beginOutage(Duration length) {
        awayUntil = time.ticks() + length.toNanos();
    }

    /** Makes the store refuse all commits for a time. */
    void beginRefusals(Duration length) {
        refusingUntil = time.ticks() + length.toNanos();
    }

    /** Ends all faults, and removes later ones. */
    void clear() {
        fates.clear();
        awayUntil = 0;
        refusingUntil = 0;
    }

    /** Whether a message to or from the store is in flight. */
    boolean hasCommitInFlight() {
        return underWay > 0;
    }

    /** The usual delay: mostly below 1 ms, seldom up to 300 ms. */
    Duration jitter() {
        return Duration.ofNanos(50_000 + chance.nextInt(chance.nextInt(50) == 0 ? 300_000_000 : 1_000_000));
    }

    @Override
    public long ticks() {
        return time.ticks();
    }

    @Override
    public Fate fate() {
        Fate fate = next();
        counts.add("commit " + fate);
        if (fate != Fate.DONE) {
            trace.add("fault", "the transaction that is sent now: %s", fate);
        }
        return fate;
    }

    private Fate next() {
        if (time.ticks() < awayUntil) {
            return Fate.UNAVAILABLE;
        }
        if (time.ticks() < refusingUntil) {
            return Fate.REFUSED;
        }
        return fates.isEmpty() ? Fate.DONE : fates.remove();
    }

    @Override
    public boolean isReachable() {
        return time.ticks() >= awayUntil;
    }

    @Override
    public void carry(Object channel, Fate fate, Runnable message) {
        underWay++;
        Duration delay = switch (fate) {
            case DONE, UNAVAILABLE, REFUSED -> jitter();
            case SLOW -> jitter().plusMillis(chance.nextInt(4_000));
            case ANSWER_LOST, REQUEST_LOST -> patience;
            case LATE -> patience.plusMillis(chance.nextInt(4_000) - 2_000);
        };
        time.inOrder(channel, delay, () -> {
            underWay--;
            message.run();
        });
    }
}
