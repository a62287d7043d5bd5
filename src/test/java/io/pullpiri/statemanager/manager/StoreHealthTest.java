// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.view.Timestamp;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StoreHealthTest {

    private static final long START = Duration.ofMinutes(1).toNanos();

    private long nanos = START;
    private final StoreHealth health = new StoreHealth(failures -> failures * 100L, () -> new Timestamp(nanos, nanos));
    private final List<Boolean> values = new ArrayList<>();

    @Test
    void storeThatNeverAnswered_isInDoubt() {
        assertThat(health.isReady()).isFalse();
        assertThat(health.isFailing()).isFalse();
        assertThat(health.isInDoubt()).isTrue();
        assertThat(health.whyNotReady()).isEmpty();
        assertThat(health.pausedUntil()).isLessThan(nanos);
    }

    @Test
    void storeSilentForTwoSeconds_isInDoubt() {
        health.answered();
        assertThat(health.isReady()).isTrue();
        nanos += StoreHealth.SILENCE - 1;
        assertThat(health.isInDoubt()).isFalse();
        nanos++;
        assertThat(health.isInDoubt()).isTrue();
        assertThat(health.isReady()).as("doubt is not a failure").isTrue();
    }

    @Test
    void consecutiveFailures_growTheBackoff() {
        health.answered();
        for (int failures = 1; failures <= 3; failures++) {
            health.failed("failure " + failures);
            assertThat(health.isReady()).isFalse();
            assertThat(health.isFailing()).isTrue();
            assertThat(health.isInDoubt()).isTrue();
            assertThat(health.whyNotReady()).isEqualTo("failure " + failures);
            assertThat(health.pausedUntil())
                    .isEqualTo(nanos + Duration.ofMillis(failures * 100L).toNanos());
            nanos += 1_000;
        }
        health.answered();
        assertThat(health.isReady()).isTrue();
        assertThat(health.isFailing()).isFalse();
        assertThat(health.isInDoubt()).isFalse();
        assertThat(health.whyNotReady()).isEmpty();
        assertThat(health.pausedUntil()).isLessThan(nanos);
        health.failed("again");
        assertThat(health.pausedUntil())
                .as("the first failure in a row")
                .isEqualTo(nanos + Duration.ofMillis(100).toNanos());
    }

    @Test
    void listener_getsThePresentStateAndThenEachChangeOnce() {
        health.onReadiness(values::add);
        assertThat(values).containsExactly(false);
        health.failed("not there yet");
        health.answered();
        health.answered();
        health.failed("gone");
        health.failed("still gone");
        health.answered();
        health.stopped();
        health.stopped();
        assertThat(values).containsExactly(false, true, false, true, false);
        health.onReadiness(values::add);
        assertThat(values).endsWith(false, false);
    }
}
