// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.testing.Await;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ConcurrencyLimiterTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final List<String> refusals = new CopyOnWriteArrayList<>();
    private final ConcurrencyLimiter limiter = new ConcurrencyLimiter(
            2,
            "tests",
            "full",
            "busy: 2",
            (limit, reason, message) -> refusals.add(limit + " " + reason + " " + message));

    @Test
    void taskOverTheLimit_isRefusedAndCounted() throws Exception {
        try (ConcurrencyLimiter.Permit _ = limiter.acquire(Duration.ZERO);
                ConcurrencyLimiter.Permit _ = limiter.acquire(Duration.ZERO)) {
            assertBusy(Duration.ZERO);
            assertBusy(Duration.ofMillis(1));
        }
        assertThat(refusals).containsExactly("tests full busy: 2", "tests full busy: 2");
    }

    @Test
    void closedPermit_admitsOneOtherTaskOnly() throws Exception {
        ConcurrencyLimiter.Permit first = limiter.acquire(Duration.ZERO);
        ConcurrencyLimiter.Permit second = limiter.acquire(Duration.ZERO);
        first.close();
        first.close();

        ConcurrencyLimiter.Permit third = limiter.acquire(Duration.ZERO);

        assertBusy(Duration.ZERO);
        second.close();
        third.close();
    }

    @Test
    void waitingTasks_areAdmittedInTheOrderOfArrival() throws Exception {
        List<Integer> admitted = new CopyOnWriteArrayList<>();
        ConcurrencyLimiter.Permit first = limiter.acquire(Duration.ZERO);
        ConcurrencyLimiter.Permit second = limiter.acquire(Duration.ZERO);
        try (ExecutorService tasks = Executors.newThreadPerTaskExecutor(Thread::new)) {
            for (int i = 0; i < 3; i++) {
                int task = i;
                CompletableFuture<Thread> thread = new CompletableFuture<>();
                var _ = tasks.submit(() -> {
                    thread.complete(Thread.currentThread());
                    // One at a time: the second permit stays taken.
                    try (ConcurrencyLimiter.Permit _ = limiter.acquire(LONG)) {
                        return admitted.add(task);
                    }
                });
                Thread waiting = thread.get(30, TimeUnit.SECONDS);
                Await.until(LONG, () -> "task " + task, () -> waiting.getState() == Thread.State.TIMED_WAITING);
            }
            assertThat(admitted).isEmpty();
            first.close();
            Await.until(LONG, admitted::toString, () -> admitted.size() == 3);
        }
        second.close();
        assertThat(admitted).containsExactly(0, 1, 2);
        assertThat(refusals).isEmpty();
    }

    @Test
    void interruptedWait_endsWithoutARefusal() throws Exception {
        try (ConcurrencyLimiter.Permit _ = limiter.acquire(Duration.ZERO);
                ConcurrencyLimiter.Permit _ = limiter.acquire(Duration.ZERO)) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> limiter.acquire(LONG))
                    .isInstanceOf(ConcurrencyLimiter.BusyException.class)
                    .hasMessage("StateManager is stopping");
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(refusals).isEmpty();
    }

    private void assertBusy(Duration wait) {
        assertThatThrownBy(() -> limiter.acquire(wait))
                .isInstanceOf(ConcurrencyLimiter.BusyException.class)
                .hasMessage("busy: 2");
    }
}
