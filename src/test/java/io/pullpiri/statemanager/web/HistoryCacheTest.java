// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.view.History;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HistoryCacheTest {

    private static final Duration SOON = Duration.ofSeconds(10);

    private static History history(long record) {
        return new History(null, new long[] {record}, new long[0]);
    }

    private static List<Json.ChangeJson> changes(int count) {
        Json.ChangeJson change = new Json.ChangeJson("model", "m", "", "Dead", "", 1, "", "", "", 0);
        return IntStream.range(0, count).mapToObj(i -> change).toList();
    }

    @Test
    void unchangedHistory_isNotReadAgain() throws Exception {
        AtomicInteger reads = new AtomicInteger();
        HistoryCache histories = new HistoryCache(
                history -> {
                    reads.incrementAndGet();
                    return changes(100);
                },
                1,
                SOON,
                (limit, reason, message) -> {});
        History one = history(1);
        assertThat(histories.of(one)).isSameAs(histories.of(one)).hasSize(100);
        assertThat(reads).hasValue(1);
        List<Json.ChangeJson> _ = histories.of(history(2));
        assertThat(reads).hasValue(2);
        // The cache has a limit: the histories that were not requested recently are dropped.
        for (int i = 0; i < 100; i++) {
            List<Json.ChangeJson> _ = histories.of(history(i));
        }
        List<Json.ChangeJson> _ = histories.of(one);
        assertThat(reads).hasValue(103);
    }

    @Test
    void concurrentReads_areLimitedAndWaitsAreBounded() throws Exception {
        List<String> refusals = new CopyOnWriteArrayList<>();
        AtomicInteger reading = new AtomicInteger();
        CountDownLatch store = new CountDownLatch(1);
        HistoryCache histories = new HistoryCache(
                history -> {
                    reading.incrementAndGet();
                    try {
                        store.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                    return changes(1);
                },
                2,
                Duration.ofMillis(50),
                (limit, reason, message) -> refusals.add(limit + " " + reason + ": " + message));
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            var first = callers.submit(() -> histories.of(history(1)));
            var second = callers.submit(() -> histories.of(history(2)));
            Await.until(SOON, () -> "2 readers", () -> reading.get() == 2);
            assertThatThrownBy(() -> histories.of(history(3)))
                    .isInstanceOfSatisfying(
                            HttpProblem.class,
                            refusal -> assertThat(refusal.status()).isEqualTo(503))
                    .hasMessage("too many histories are being read");
            assertThat(refusals).containsExactly("http-histories busy: too many histories are being read");
            store.countDown();
            assertThat(first.get()).hasSize(1);
            assertThat(second.get()).hasSize(1);
        }
        assertThat(histories.of(history(3))).hasSize(1);
    }
}
