// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** No promise is broken on thousands of days. A run that has done less than it should fails too. */
@Tag("slow")
class SimulationTest {

    private static final int SEEDS = 10_000;

    /** How often each action must occur on all days together. */
    private static final Map<String, Integer> AT_LEAST = Map.ofEntries(
            Map.entry("seeds", SEEDS),
            Map.entry("steps", 300_000),
            Map.entry("report", 60_000),
            Map.entry("empty report", 10_000),
            Map.entry("repeated or reordered report", 3_000),
            Map.entry("other writer", 10_000),
            Map.entry("crash", 1_000),
            Map.entry("crash with a commit in flight", 3_000),
            Map.entry("commit DONE", 100_000),
            Map.entry("commit UNAVAILABLE", 1_500),
            Map.entry("commit ANSWER_LOST", 1_000),
            Map.entry("commit REQUEST_LOST", 1_000),
            Map.entry("commit LATE", 1_000),
            Map.entry("commit SLOW", 1_000),
            Map.entry("commit REFUSED", 3_000),
            Map.entry("refusal", 3_000),
            Map.entry("outage", 3_000),
            Map.entry("compaction", 3_000),
            Map.entry("watch cut", 3_000),
            Map.entry("clock jump", 3_000),
            Map.entry("ActionController ACCEPTS", 1_500),
            Map.entry("ActionController REFUSES", 1_000),
            Map.entry("ActionController FAILS", 1_000),
            Map.entry("ActionController KEEPS_SILENT", 1_000),
            Map.entry("event received", 60_000),
            Map.entry("subscriber resumed", 1_500),
            Map.entry("apply Model", 1_000),
            Map.entry("delete Model", 1_000),
            Map.entry("answer Done", 60_000),
            Map.entry("answer ArtifactsDone", 30_000),
            Map.entry("package compared at a commit", 150_000),
            Map.entry("record compared with a key", 50_000),
            Map.entry("package compared at rest", 10_000),
            Map.entry("broken package compared at rest", 700),
            Map.entry("model compared at rest", 10_000),
            Map.entry("model kept for its package", 50_000),
            Map.entry("model without containers compared at rest", 4_000),
            Map.entry("container stopped on purpose", 1_000),
            Map.entry("container left out", 10_000),
            Map.entry("container gone after its grace period", 10_000),
            Map.entry("removed container kept", 1_000),
            Map.entry("removed container at rest", 1_000),
            Map.entry("scenario step compared", 3_000),
            Map.entry("restart in place", 2_500),
            Map.entry("dead model compared at rest", 450),
            Map.entry("dead package compared at rest", 900));

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void simulatedDays_keepAllGuarantees() throws InterruptedException {
        Counts counts = new Counts();
        Simulate.Failure failure = Simulate.many(1, SEEDS, counts);
        System.out.print(counts);
        assertThat(failure).isNull();
        AT_LEAST.forEach((what, times) -> assertThat(counts.of(what)).as(what).isGreaterThanOrEqualTo(times));
    }

    @Test
    void sameSeed_givesTheSameDay() {
        for (long seed = 1; seed <= 50; seed++) {
            Day day = Day.of(seed);
            List<String> first = new ArrayList<>();
            List<String> second = new ArrayList<>();
            assertThat(Simulation.run(day, Sabotage.NONE, new Counts(), first::add))
                    .isNull();
            assertThat(Simulation.run(day, Sabotage.NONE, new Counts(), second::add))
                    .isNull();
            assertThat(second).isEqualTo(first);
        }
    }
}
