// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReadScheduleTest {

    private long now = TimeUnit.DAYS.toNanos(1);
    private final ReadSchedule schedule = new ReadSchedule(Duration.ofSeconds(5), () -> now);

    private long wait(Duration since) {
        now += since.toNanos();
        return TimeUnit.NANOSECONDS.toMillis(schedule.nanosLeft(now));
    }

    @Test
    void firstReadIsDueAtOnce_andTheNextAfterTheInterval() throws InterruptedException {
        assertThat(schedule.awaitNext()).isEqualTo(now);
        schedule.succeeded(now);
        assertThat(wait(Duration.ZERO)).isEqualTo(5_000);
        assertThat(wait(Duration.ofSeconds(6))).isNotPositive();
    }

    @Test
    void announcement_isReadAtOnceAndAfter200MillisecondsAndAfterASecond() {
        schedule.succeeded(now);
        now += Duration.ofSeconds(1).toNanos();
        schedule.announced();
        assertThat(wait(Duration.ZERO)).isZero();
        schedule.succeeded(now);
        assertThat(wait(Duration.ZERO)).isEqualTo(200);
        now += Duration.ofMillis(200).toNanos();
        schedule.succeeded(now);
        assertThat(wait(Duration.ZERO)).isEqualTo(800);
        now += Duration.ofMillis(800).toNanos();
        schedule.succeeded(now);
        assertThat(wait(Duration.ZERO)).isEqualTo(5_000);
    }

    @Test
    void failedRead_staysDue() {
        schedule.succeeded(now);
        schedule.announced();
        assertThat(wait(Duration.ofMillis(150))).isNotPositive();
        assertThat(wait(Duration.ofMillis(150))).isNotPositive();
    }

    @Test
    void manyAnnouncements_areReadAtMostEvery100Milliseconds() {
        for (int i = 0; i < 100; i++) {
            schedule.succeeded(now);
            schedule.announced();
            assertThat(wait(Duration.ZERO)).isEqualTo(100);
            now += Duration.ofMillis(100).toNanos();
        }
    }
}
