// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Decides when the loop runs a round. The loop has no thread of its own: a round runs on the loop's executor, and only when
 * there is a reason for it (see docs/decisions/0008).
 *
 * <p>There are three reasons: {@link #wake}, the alarm of {@link #wakeAt}, and the end of an operation. An operation is a
 * commit or a read of the store that is in flight. No round runs during one, so at most one is in flight.
 */
final class LoopScheduler {

    private final Executor loop;
    private final Timer timer;
    private final Clock clock;
    private final Runnable round;
    private final Consumer<RuntimeException> onDefect;

    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile boolean started;

    /** Whether a round is queued on the executor and has not begun. */
    private final AtomicBoolean due = new AtomicBoolean();

    // Only the loop uses these.
    private boolean busy;

    /** When the next round begins by itself, in {@link io.pullpiri.statemanager.view.Timestamp#monotonicNanos}. */
    private long alarm = Long.MAX_VALUE;

    /**
     * @param round begins the next operation, or sets an alarm; it must not block
     * @param onDefect gets an exception that a round or the end of an operation threw, on the loop
     */
    LoopScheduler(ManagerThreads threads, Clock clock, Runnable round, Consumer<RuntimeException> onDefect) {
        this.loop = threads.loop();
        this.timer = threads.timer();
        this.clock = clock;
        this.round = round;
        this.onDefect = onDefect;
    }

    /** Runs the first round; without this call none runs. */
    void start() {
        started = true;
        wake();
    }

    /** Runs a round soon; several calls before it begins lead to one round. May be called from any thread. */
    void wake() {
        if (started && !ended.isDone() && due.compareAndSet(false, true)) {
            loop.execute(() -> {
                due.set(false);
                run();
            });
        }
    }

    /**
     * Runs a round at a time, unless an earlier alarm is set. Called on the loop.
     *
     * @param nanos in {@link io.pullpiri.statemanager.view.Timestamp#monotonicNanos}
     */
    void wakeAt(long nanos) {
        if (nanos < alarm) {
            alarm = nanos;
            long delay = Math.max(0, nanos - clock.now().monotonicNanos());
            timer.after(Duration.ofNanos(delay), () -> {
                if (!ended.isDone()) { // afterwards, the executor may be shut down
                    loop.execute(() -> alarm(nanos));
                }
            });
        }
    }

    private void alarm(long nanos) {
        if (alarm == nanos) { // no earlier one was set since
            alarm = Long.MAX_VALUE;
            run();
        }
    }

    private void run() {
        if (busy || ended.isDone()) {
            return;
        }
        try {
            round.run();
        } catch (RuntimeException e) {
            onDefect.accept(e);
            wake(); // the round may have set no alarm
        }
    }

    /** An operation is in flight: no round runs until {@link #finish} or {@link #finishLater}. Called on the loop. */
    void begin() {
        busy = true;
    }

    /** Ends the operation, handles its outcome, which may begin another one, and runs a round. Called on the loop. */
    void finish(Runnable outcome) {
        busy = false;
        try {
            outcome.run();
        } catch (RuntimeException e) {
            onDefect.accept(e);
        }
        wake();
    }

    /** Calls {@link #finish} on the loop. May be called from any thread. */
    void finishLater(Runnable outcome) {
        loop.execute(() -> finish(outcome));
    }

    /** Ends the loop: no round runs any more. */
    void end() {
        ended.complete(null);
    }

    /** Runs a round, and blocks until a round has called {@link #end}; after the timeout, ends the loop. */
    void awaitEnd(Duration timeout) {
        if (started) {
            wake();
            ended.completeOnTimeout(null, timeout.toNanos(), TimeUnit.NANOSECONDS)
                    .join();
        }
    }
}
