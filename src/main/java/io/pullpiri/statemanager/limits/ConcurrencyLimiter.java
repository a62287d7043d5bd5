// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.limits;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Bounds how many tasks of one kind run at the same time. Tasks that wait are admitted in the order of their arrival. Every task
 * counts the same, and client addresses do not matter; {@link AddressShares} is the limit that divides places among addresses. May
 * be used from any thread.
 */
public final class ConcurrencyLimiter {

    private final String limit;
    private final String reason;
    private final String busy;
    private final RefusalLog refusals;
    private final Semaphore free;

    /** Counts a refusal in the metric of refusals, and logs it. */
    public interface RefusalLog {

        /** Counts and logs one refusal; {@code limit} and {@code reason} are the labels of the metric. */
        void refused(String limit, String reason, String message);
    }

    /** A task is not admitted. The message is the answer for the caller. */
    public static final class BusyException extends Exception {

        private static final long serialVersionUID = 1L;

        private BusyException(String message) {
            super(message);
        }
    }

    /** The permission to run one task. Its holder closes it when the task ends, on any thread. */
    public final class Permit implements AutoCloseable {

        private final AtomicBoolean closed = new AtomicBoolean();

        private Permit() {}

        /** Admits the next task. Has no effect the second time. */
        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                free.release();
            }
        }
    }

    /**
     * Creates a limiter that admits its first tasks at once.
     *
     * @param most the number of tasks that may run at the same time
     * @param limit the limit's name in the metric of refusals, such as {@code grpc-lists}
     * @param reason the reason of a refusal in that metric
     * @param busy the message of a refusal
     * @param refusals is called once for each refusal
     */
    public ConcurrencyLimiter(int most, String limit, String reason, String busy, RefusalLog refusals) {
        this.limit = limit;
        this.reason = reason;
        this.busy = busy;
        this.refusals = refusals;
        this.free = new Semaphore(most, true);
    }

    /**
     * Admits a task, or blocks until it is admitted.
     *
     * @param wait the longest time to wait; zero never blocks
     * @return the permission, which the caller closes
     * @throws BusyException if no other task has ended in time, or the thread is interrupted because the server stops
     */
    public Permit acquire(Duration wait) throws BusyException {
        try {
            if (!free.tryAcquire(wait.toNanos(), TimeUnit.NANOSECONDS)) {
                refusals.refused(limit, reason, busy);
                throw new BusyException(busy);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BusyException("StateManager is stopping");
        }
        return new Permit();
    }
}
