// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

class StateCountsTest {

    private final StateCounts<ModelState> tally =
            StateCounts.of(ModelState.class, List.of(ModelState.DEAD, ModelState.RUNNING));

    @Test
    void counts_equalTheCollectionAfterAnyChanges() {
        StateCounts<ModelState> same = StateCounts.none(ModelState.class)
                .plus(ModelState.RUNNING)
                .plus(ModelState.PAUSED)
                .plus(ModelState.DEAD)
                .minus(ModelState.PAUSED);
        assertThat(same).isEqualTo(tally).hasSameHashCodeAs(tally).hasToString(tally.toString());
        StateCounts<ModelState> other = same.minus(ModelState.DEAD).plus(ModelState.EXITED);
        assertThat(other).isNotEqualTo(tally).doesNotHaveSameHashCodeAs(tally);
        assertThat(other.total()).isEqualTo(2);
    }

    @Test
    void uncountedState_cannotBeRemoved() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tally.minus(ModelState.PAUSED))
                .withMessage("state: PAUSED (expected: one that is counted in [0, 0, 0, 1, 1])");
    }
}
