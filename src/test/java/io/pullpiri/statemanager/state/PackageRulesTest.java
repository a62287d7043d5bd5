// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.PackageRules.ArtifactStatus;
import io.pullpiri.statemanager.state.PackageRules.Evaluation;
import io.pullpiri.statemanager.state.PackageRules.Facts;
import io.pullpiri.statemanager.state.PackageRules.Trigger;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PackageRulesTest {

    private static final Trigger OCCASION = new Trigger("brake paused (why)", false);

    private static Evaluation evaluate(
            @Nullable PackageState current, ArtifactStatus artifact, int reported, ModelState... models) {
        return evaluate(current, artifact, reported, OCCASION, models);
    }

    private static Evaluation evaluate(
            @Nullable PackageState current,
            ArtifactStatus artifact,
            int reported,
            Trigger trigger,
            ModelState... models) {
        StateCounts<ModelState> counts = StateCounts.of(ModelState.class, List.of(models));
        return PackageRules.evaluate(new Facts(current, artifact, counts, reported), trigger, () -> "the dead models");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    PAUSED PAUSED   | PAUSED   | 2 of 2 models paused: brake paused (why)
                    EXITED EXITED   | EXITED   | 2 of 2 models exited: brake paused (why)
                    DEAD RUNNING    | DEGRADED | the dead models; brake paused (why)
                    DEAD DEAD       | ERROR    | the dead models; brake paused (why)
                    PAUSED EXITED   | RUNNING  | brake paused (why)
                    CREATED CREATED | RUNNING  | brake paused (why)
                    """)
    void reportedPackage_hasTheStateOfTable41AndItsCause(String models, PackageState state, String cause) {
        ModelState[] states =
                Arrays.stream(models.split(" ")).map(ModelState::valueOf).toArray(ModelState[]::new);
        assertThat(evaluate(PackageState.IDLE, ArtifactStatus.IN_FORCE, 2, states))
                .isEqualTo(new Evaluation(state, cause));
    }

    @Test
    void causeThatNamesADeadModel_isCounted() {
        Trigger death = new Trigger("brake dead (exit code 1)", true);
        assertThat(evaluate(
                        PackageState.RUNNING, ArtifactStatus.IN_FORCE, 2, death, ModelState.DEAD, ModelState.RUNNING))
                .isEqualTo(new Evaluation(PackageState.DEGRADED, "1 of 2 models dead: brake dead (exit code 1)"));
    }

    @Test
    void packageWithoutReportedModels_isIdle() {
        assertThat(evaluate(null, ArtifactStatus.IN_FORCE, 0, ModelState.CREATED))
                .isEqualTo(new Evaluation(PackageState.IDLE, OCCASION.cause()));
        assertThat(evaluate(PackageState.IDLE, ArtifactStatus.IN_FORCE, 0, ModelState.CREATED)
                        .state())
                .isEqualTo(PackageState.IDLE);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "IDLE")
    void packageThatWasReported_isNeverIdleAgain(PackageState current) {
        assertThat(evaluate(current, ArtifactStatus.IN_FORCE, 0, ModelState.CREATED)
                        .state())
                .isEqualTo(PackageState.RUNNING);
    }

    @ParameterizedTest
    @EnumSource
    void unreadableArtifact_keepsTheState(PackageState current) {
        assertThat(evaluate(current, ArtifactStatus.BROKEN_WITHOUT_GOOD, 1, ModelState.DEAD))
                .isEqualTo(new Evaluation(current, ""));
    }

    @Test
    void packageWithoutArtifact_hasNoState() {
        assertThat(evaluate(PackageState.RUNNING, ArtifactStatus.ABSENT, 1, ModelState.DEAD))
                .isEqualTo(new Evaluation(null, OCCASION.cause()));
        assertThat(evaluate(null, ArtifactStatus.ABSENT, 0)).isEqualTo(new Evaluation(null, ""));
    }
}
