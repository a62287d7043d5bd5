// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Runs a few of the days of {@link SimulationTest}, for each mutant of {@code make mutants}. */
class FewDaysTest {

    @Test
    void fewSimulatedDays_keepAllGuarantees() {
        for (long seed = 1; seed <= 200; seed++) {
            assertThat(Simulate.one(seed, new Counts())).isNull();
        }
    }
}
