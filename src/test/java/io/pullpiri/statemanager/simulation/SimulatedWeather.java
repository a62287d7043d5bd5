package io.pullpiri.statemanager.simulation;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Random;

/** The store's faults and delays of one simulated day. All delays are drawn from the day's own source of chance. */
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

    /** @param patience how long the store's caller waits for the answer to a commit */
    SimulatedWeather(VirtualTime time, Random chance, Counts counts, Trace trace, Duration patience) {
        this.time = time;
        this.chance = chance;
        this.counts = counts;
        this.trace = trace;
        this.patience = patience;
    }

    /** The fate of a commit to come, after those that were added before. */
    void add(Fate fate) {
        fates.add(fate);
    }

    /** From now on the store cannot be reached, for so long. */
    void beginOutage(Duration length) {
        awayUntil = time.ticks() + length.toNanos();
    }

    /** From now on the store refuses all commits, for so long. */
    void beginRefusals(Duration length) {
        refusingUntil = time.ticks() + length.toNanos();
    }

    /** Ends all faults, those to come as well. */
    void clear() {
        fates.clear();
        awayUntil = 0;
        refusingUntil = 0;
    }

    /** Whether a message to or from the store has not arrived yet. */
    boolean hasCommitUnderWay() {
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
            trace.tell("fault", "the transaction that is sent now: %s", fate);
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
