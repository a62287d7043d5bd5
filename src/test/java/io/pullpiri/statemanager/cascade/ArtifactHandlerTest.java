// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.delete;
import static io.pullpiri.statemanager.testing.CascadeRig.modelYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static io.pullpiri.statemanager.testing.CascadeRig.scenarioYaml;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.CommandResult.ArtifactOutcome;
import io.pullpiri.statemanager.cascade.CommandResult.OutcomeKind;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.Transition;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The outcomes of an operator's artifacts, and the changes that follow from them. */
class ArtifactHandlerTest {

    private static final String OTHER = "kind: Node\nmetadata:\n  name: HPC";

    private final CascadeRig world = new CascadeRig();

    private List<ArtifactOutcome> outcomes(Command command) {
        CommandResult answer = world.run(command).getFirst();
        assertThat(answer).isInstanceOf(CommandResult.ArtifactsDone.class);
        return ((CommandResult.ArtifactsDone) answer).outcomes();
    }

    private static String yaml(String kind) {
        return switch (kind) {
            case "Package" -> packageYaml("x", "m");
            case "Scenario" -> scenarioYaml("x", "p");
            default -> modelYaml("x");
        };
    }

    /** Found by the simulation (day 11): a Model artifact was acknowledged and not stored unless something named its model. */
    @ParameterizedTest
    @CsvSource({"Package", "Scenario", "Model"})
    void applyAndDelete_reportTheActualOutcome(String kind) {
        String key = Keys.artifact(kind, "x");
        String yaml = yaml(kind);
        assertThat(outcomes(delete(yaml))).containsExactly(new ArtifactOutcome(kind, "x", OutcomeKind.NOT_FOUND));
        assertThat(outcomes(apply(yaml))).containsExactly(new ArtifactOutcome(kind, "x", OutcomeKind.CREATED));
        assertThat(world.value(key)).isEqualTo(yaml);
        long before = world.revision;
        assertThat(outcomes(apply(yaml))).containsExactly(new ArtifactOutcome(kind, "x", OutcomeKind.UNCHANGED));
        assertThat(world.revision).isEqualTo(before);
        String changed = yaml + "\n# changed";
        assertThat(outcomes(apply(changed))).containsExactly(new ArtifactOutcome(kind, "x", OutcomeKind.CHANGED));
        assertThat(world.value(key)).isEqualTo(changed);
        world.restart();
        assertThat(outcomes(apply(changed))).containsExactly(new ArtifactOutcome(kind, "x", OutcomeKind.UNCHANGED));
        assertThat(outcomes(delete(yaml))).containsExactly(new ArtifactOutcome(kind, "x", OutcomeKind.DELETED));
        assertThat(world.value(key)).isNull();
        assertThat(world.states()).isEmpty();
        assertThat(world.view.packages()).isEmpty();
        assertThat(world.view.models()).isEmpty();
        assertThat(world.view.scenarios()).isEmpty();
        assertThat(world.view.bytes()).isZero();
    }

    @Test
    void otherKinds_areIgnored() {
        ArtifactOutcome passedOver = new ArtifactOutcome("Node", "HPC", OutcomeKind.PASSED_OVER);
        assertThat(outcomes(apply(OTHER, modelYaml("m"))))
                .containsExactly(passedOver, new ArtifactOutcome("Model", "m", OutcomeKind.CREATED));
        assertThat(outcomes(delete(OTHER, modelYaml("m"))))
                .containsExactly(passedOver, new ArtifactOutcome("Model", "m", OutcomeKind.DELETED));
        assertThat(world.keys()).allMatch(key -> key.startsWith(Keys.JOURNAL_PREFIX));
    }

    @Test
    void modelRemovedFromAPackage_noLongerCountsForIt() {
        world.run(new Command.ModelChange("a", ModelState.DEAD, "", "test"));
        world.run(new Command.ModelChange("b", ModelState.RUNNING, "", "test"));
        world.run(apply(packageYaml("p", "a", "b"), packageYaml("q", "a")));
        assertThat(world.packageState("p")).isEqualTo("Degraded");
        assertThat(world.packageEntry("p").modelsWithState()).isEqualTo(2);
        world.run(apply(packageYaml("p", "b", "c")));
        assertThat(world.packageState("p")).isEqualTo("Running");
        assertThat(world.lastCause(ResourceKind.PACKAGE, "p")).isEqualTo("its artifact changed");
        assertThat(world.packageEntry("p").modelsWithState()).isEqualTo(1);
        assertThat(world.packageEntry("p").models().count(ModelState.CREATED)).isEqualTo(1);
        assertThat(world.modelState("a")).as("q names it").isEqualTo("Dead");
    }

    @Test
    void packageCreationAndDeletion_haveACause() {
        world.run(apply(packageYaml("p", "a")), delete(packageYaml("p")));
        assertThat(world.causes()).containsExactly("its artifact appeared", "its artifact was deleted");
        assertThat(world.transitions).extracting(Transition::source).containsOnly("operator");
    }

    @Test
    void packageWithTheLongestModelNameGone_movesItsContainersToTheNextModel() {
        world.run(apply(packageYaml("p", "a", "a_b"), packageYaml("q", "a_b")));
        world.run(report("n", "/a_b_c=running"));
        assertThat(world.modelState("a_b")).isEqualTo("Running");
        world.run(apply(packageYaml("p", "a")));
        assertThat(world.modelState("a")).as("q still names the longer one").isNull();
        world.run(delete(packageYaml("q")));
        assertThat(world.modelState("a")).isEqualTo("Running");
        assertThat(world.modelState("a_b")).isNull();
    }

    @Test
    void scenario_mayChangeItsTarget() {
        world.run(apply(scenarioYaml("s", "p"), scenarioYaml("t", "p")));
        world.run(apply(scenarioYaml("s", "q")));
        assertThat(world.view.scenariosOf("p")).containsExactly("t");
        assertThat(world.view.scenariosOf("q")).containsExactly("s");
        ScenarioEntry entry = Objects.requireNonNull(world.view.scenarios().get("s"));
        assertThat(entry.target()).contains("q");
        assertThat(entry.action()).contains("launch");
        assertThat(world.history(ResourceKind.SCENARIO, "s")).containsExactly(">Idle");
    }

    @Test
    void scenarioWithoutAnArtifact_hasNoTargetAndNoAction() {
        world.run(apply("kind: Scenario\nmetadata:\n  name: s\nspec:\n  target: p"));
        ScenarioEntry entry = Objects.requireNonNull(world.view.scenarios().get("s"));
        assertThat(entry.action()).isEmpty();
        assertThat(ScenarioEntry.empty("s").target()).isEmpty();
        assertThat(ScenarioEntry.empty("s").action()).isEmpty();
    }
}
