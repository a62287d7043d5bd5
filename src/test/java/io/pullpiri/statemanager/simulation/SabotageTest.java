// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The simulation notices defects that are made on purpose. */
class SabotageTest {

    private static final int SEEDS = 2_000;

    /** @param what a part of the message of the promise that is broken on one of the days */
    @ParameterizedTest
    @CsvSource({
        "ANSWERS_FIRST, 'acknowledged, and not stored'",
        "CLAIMS_WHAT_FAILED, 'a subscriber gets a gap'",
        "FORGETS_GUARDS, 'revision '",
        "DROPS_WATCH_EVENTS, 'quiet: package '",
        "DROPS_RECONCILE_RECORDS, 'has no reconcile record'",
        "DROPS_MODELS, 'but it is null'",
        "SENDS_NO_REQUEST, 'received no request'",
        "DROPS_REMOVED_CONTAINERS, 'counts no more'",
        "TRUSTS_EMPTY_LISTS, 'before its grace period ends'",
        "KNOWS_NO_STOPS, 'was stopped on purpose, and is LEFT_OUT'",
        "KNOWS_ONLY_STOPS, 'was not stopped on purpose, and is STOPPED'",
        "SENDS_NO_RESTART, 'was not restarted in place'",
        "CALLS_LATE, 'a call starts for scenario '",
    })
    void sabotage_isDetected(Sabotage sabotage, String what) {
        String broken = null;
        long day = 0;
        while ((broken == null || !broken.contains(what)) && day < SEEDS) {
            day++;
            broken = Simulation.run(Day.of(day), sabotage, new Counts());
        }
        System.out.printf("%s: noticed on day %d: %s%n", sabotage, day, broken);
        assertThat(broken).contains(what);
    }
}
