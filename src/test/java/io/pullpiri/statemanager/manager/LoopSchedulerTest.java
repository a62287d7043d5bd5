// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.view.Timestamp;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LoopSchedulerTest {

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final List<Duration> delays = new ArrayList<>();
    private final Queue<Runnable> alarms = new ArrayDeque<>();
    private final List<RuntimeException> defects = new ArrayList<>();
    private long now = 1_000;
    private int rounds;
    private Runnable round = () -> {};
    private LoopScheduler scheduler;

    @BeforeEach
    void setUp() {
        scheduler = new LoopScheduler(
                new ManagerThreads(tasks::add, Runnable::run, (delay, task) -> {
                    delays.add(delay);
                    alarms.add(task);
                }),
                () -> new Timestamp(now, now),
                () -> {
                    rounds++;
                    round.run();
                },
                defects::add);
    }

    private void runTasks() {
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
    }

    @Test
    void wakeBeforeTheStart_runsNoRound() {
        scheduler.wake();
        assertThat(tasks).isEmpty();
        scheduler.start();
        runTasks();
        assertThat(rounds).isEqualTo(1);
    }

    @Test
    void severalWakes_leadToOneRound() {
        scheduler.start();
        scheduler.wake();
        scheduler.wake();
        assertThat(tasks).hasSize(1);
        round = scheduler::wake;
        tasks.remove().run();
        assertThat(tasks).as("a wake during a round leads to another one").hasSize(1);
    }

    @Test
    void operation_delaysRoundsUntilItsEnd() {
        round = scheduler::begin;
        scheduler.start();
        runTasks();
        scheduler.wake();
        runTasks();
        assertThat(rounds).isEqualTo(1);
        List<Integer> roundsAtTheEnd = new ArrayList<>();
        scheduler.finishLater(() -> roundsAtTheEnd.add(rounds));
        assertThat(roundsAtTheEnd).isEmpty();
        runTasks();
        assertThat(roundsAtTheEnd).containsExactly(1);
        assertThat(rounds).isEqualTo(2);
    }

    @Test
    void outcomeThatBeginsAnOperation_delaysTheNextRound() {
        scheduler.start();
        runTasks();
        scheduler.begin();
        scheduler.finish(scheduler::begin);
        runTasks();
        assertThat(rounds).isEqualTo(1);
    }

    @Test
    void alarm_runsARoundAtItsTime() {
        scheduler.start();
        runTasks();
        scheduler.wakeAt(1_500);
        assertThat(delays).containsExactly(Duration.ofNanos(500));
        alarms.remove().run();
        runTasks();
        assertThat(rounds).isEqualTo(2);
    }

    @Test
    void laterAlarm_isIgnored_andAnEarlierOneReplacesTheFirst() {
        scheduler.start();
        runTasks();
        scheduler.wakeAt(2_000);
        scheduler.wakeAt(3_000);
        scheduler.wakeAt(900);
        assertThat(delays).containsExactly(Duration.ofNanos(1_000), Duration.ZERO);
        alarms.forEach(Runnable::run);
        runTasks();
        assertThat(rounds).as("the first alarm no longer counts").isEqualTo(2);
    }

    @Test
    void roundThatFails_isReportedAndFollowedByAnother() {
        round = () -> {
            round = () -> {};
            throw new IllegalStateException("forced");
        };
        scheduler.start();
        runTasks();
        assertThat(defects).extracting(Throwable::getMessage).containsExactly("forced");
        assertThat(rounds).isEqualTo(2);
    }

    @Test
    void outcomeThatFails_isReportedAndFollowedByARound() {
        scheduler.start();
        runTasks();
        scheduler.begin();
        scheduler.finish(() -> {
            throw new IllegalStateException("forced");
        });
        runTasks();
        assertThat(defects).hasSize(1);
        assertThat(rounds).isEqualTo(2);
    }

    @Test
    void end_stopsAllRounds() {
        scheduler.start();
        round = scheduler::end;
        runTasks();
        scheduler.awaitEnd(Duration.ofDays(1));
        scheduler.wake();
        assertThat(tasks).isEmpty();
        assertThat(rounds).isEqualTo(1);
    }

    @Test
    void awaitEnd_endsTheLoopAfterTheTimeout() {
        scheduler.start();
        scheduler.awaitEnd(Duration.ofNanos(1));
        runTasks();
        assertThat(rounds).isZero();
    }

    @Test
    void awaitEndWithoutAStart_returnsAtOnce() {
        scheduler.awaitEnd(Duration.ofDays(1));
        assertThat(tasks).isEmpty();
    }
}
