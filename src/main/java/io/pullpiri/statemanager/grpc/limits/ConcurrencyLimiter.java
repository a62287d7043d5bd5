package io.pullpiri.statemanager.grpc.limits;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.statemanager.manager.Anomalies;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** So many at a time may do what takes time or memory; the others wait for their turn, in the order they came. */
public final class ConcurrencyLimiter {

    /** Whoever has more patience gets an answer all the same. */
    private static final Duration LONGEST = Duration.ofSeconds(5);

    private final int most;
    private final String limit;
    private final Anomalies anomalies;
    private final Semaphore free;

    /** @param limit the limit's name for {@link Anomalies#refused} */
    public ConcurrencyLimiter(int most, String limit, Anomalies anomalies) {
        this.most = most;
        this.limit = limit;
        this.anomalies = anomalies;
        this.free = new Semaphore(most, true);
    }

    /**
     * Does it when its turn has come; blocks.
     *
     * @param patience how long to wait for the turn
     * @throws StatusRuntimeException UNAVAILABLE if it did not come in time
     */
    public void take(Duration patience, Runnable task) {
        Duration wait = patience.compareTo(LONGEST) < 0 ? patience : LONGEST;
        try {
            if (!free.tryAcquire(wait.toNanos(), TimeUnit.NANOSECONDS)) {
                String busy = "busy: so many callers are being answered already: " + most;
                anomalies.refused(limit, "busy", busy);
                throw Status.UNAVAILABLE.withDescription(busy).asRuntimeException();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Status.UNAVAILABLE.withDescription("StateManager is stopping").asRuntimeException();
        }
        try {
            task.run();
        } finally {
            free.release();
        }
    }
}
