// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.delete;
import static io.pullpiri.statemanager.testing.CascadeRig.scenarioYaml;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Transition;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The steps of scenarios: in order, repeated, late, and for an unknown scenario. */
class ScenarioTest {

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final CascadeRig world = new CascadeRig();

    private CommandResult step(@Nullable ScenarioState current, ScenarioState target, String id) {
        return step("s", current, target, id);
    }

    private CommandResult step(String name, @Nullable ScenarioState current, ScenarioState target, String id) {
        return step(name, current, target, id, 0);
    }

    /** @param age how long ago the request was made */
    private CommandResult step(
            String name, @Nullable ScenarioState current, ScenarioState target, String id, long age) {
        long atNanos = world.now().wallNanos() + 1 - age; // after the last change
        return world.run(new Command.ScenarioChange(name, current, target, id, atNanos, "test"))
                .getFirst();
    }

    private List<String> history() {
        return world.history(ResourceKind.SCENARIO, "s");
    }

    // [utest->req~scn-steps~2]
    // [utest->req~scn-announcement~1]
    @Test
    void scenarioSteps_followTheRules() {
        world.run(apply(scenarioYaml("drive", "braking")));
        assertThat(world.scenarioState("drive")).isEqualTo("Idle");
        assertThat(step("drive", null, ScenarioState.SATISFIED, "t1"))
                .isEqualTo(new CommandResult.NotAllowed("scenario drive is Idle and cannot become Satisfied"));
        assertThat(step("drive", null, ScenarioState.WAITING, "t2")).isInstanceOf(CommandResult.Done.class);
        assertThat(step("drive", ScenarioState.IDLE, ScenarioState.WAITING, "t2"))
                .as("a retry")
                .isInstanceOf(CommandResult.Done.class);
        assertThat(step("drive", ScenarioState.DENIED, ScenarioState.SATISFIED, "t3"))
                .as("no step of a scenario")
                .isInstanceOf(CommandResult.NotAllowed.class);
        assertThat(step("drive", null, ScenarioState.IDLE, "t4"))
                .as("ApiServer's announcement")
                .isInstanceOf(CommandResult.Done.class);
        assertThat(world.scenarioState("drive")).isEqualTo("Idle");
        assertThat(step("free", ScenarioState.ALLOWED, ScenarioState.COMPLETED, "t5"))
                .as("without a stored state, the request's current state decides")
                .isInstanceOf(CommandResult.Done.class);
        assertThat(world.scenarioState("free")).isEqualTo("Completed");
        world.run(delete(scenarioYaml("drive", "braking")));
        assertThat(world.scenarioState("drive")).isNull();
        world.restart();
        assertThat(world.scenarioState("free")).isEqualTo("Completed");
    }

    // [utest->req~scn-retry~1]
    @Test
    void retry_isTheLastRequestWithItsIdOnly() {
        world.run(apply(scenarioYaml("s", "p")));
        step(null, ScenarioState.WAITING, "1");
        step(null, ScenarioState.SATISFIED, "2");
        assertThat(step(ScenarioState.IDLE, ScenarioState.WAITING, "2"))
                .as("the answer gives the present state")
                .isEqualTo(new CommandResult.Done("scenario s is Satisfied"));
        assertThat(step("s", ScenarioState.IDLE, ScenarioState.WAITING, "1", SECOND))
                .as("made before the last change")
                .isInstanceOf(CommandResult.NotAllowed.class);
        assertThat(history()).containsExactly(">Idle", "Idle>Waiting", "Waiting>Satisfied");
    }

    @Test
    void requestWithoutAnId_isNeverARetry() {
        world.run(apply(scenarioYaml("s", "p")));
        step(null, ScenarioState.WAITING, "");
        assertThat(step(null, ScenarioState.SATISFIED, ""))
                .isEqualTo(new CommandResult.Done("scenario s is Satisfied"));
        assertThat(world.scenarioState("s")).isEqualTo("Satisfied");
        assertThat(step(null, ScenarioState.WAITING, "")).isInstanceOf(CommandResult.NotAllowed.class);
    }

    @Test
    void idUsedBeforeARecreation_isNotARetry() {
        world.run(apply(scenarioYaml("s", "p")));
        step(null, ScenarioState.WAITING, "1");
        world.run(delete(scenarioYaml("s", "p")));
        assertThat(step(ScenarioState.IDLE, ScenarioState.WAITING, "1"))
                .isEqualTo(new CommandResult.Done("scenario s is Waiting"));
        assertThat(world.scenarioState("s")).isEqualTo("Waiting");
    }

    // [utest->req~scn-steps~2]
    @Test
    void unknownScenario_takesItsCurrentStateFromTheRequest() {
        assertThat(step(ScenarioState.WAITING, ScenarioState.WAITING, "1"))
                .as("no step of a scenario")
                .isEqualTo(new CommandResult.NotAllowed("scenario s has no state and cannot become Waiting"));
        assertThat(world.scenarioState("s")).as("the request changes nothing").isNull();
        assertThat(step(null, ScenarioState.SATISFIED, "2")).isInstanceOf(CommandResult.NotAllowed.class);
        assertThat(step(null, ScenarioState.IDLE, "3")).isEqualTo(new CommandResult.Done("scenario s is Idle"));
        assertThat(world.scenarioState("s")).isEqualTo("Idle");
    }

    // [utest->req~scn-retry~1]
    @Test
    void requestForThePresentState_isAlwaysAccepted() {
        world.run(apply(scenarioYaml("s", "p")));
        step(null, ScenarioState.WAITING, "1");
        assertThat(step(ScenarioState.IDLE, ScenarioState.WAITING, "2"))
                .isEqualTo(new CommandResult.Done("scenario s is Waiting"));
        assertThat(history()).containsExactly(">Idle", "Idle>Waiting");
        assertThat(step(ScenarioState.WAITING, ScenarioState.IDLE, "3"))
                .as("no announcement")
                .isInstanceOf(CommandResult.NotAllowed.class);
    }

    @Test
    void step_keepsItsTransitionIdAndSource() {
        world.run(apply(scenarioYaml("s", "p")));
        step(null, ScenarioState.WAITING, "1");
        assertThat(world.transitions.getLast())
                .extracting(Transition::transitionId, Transition::source, Transition::cause)
                .containsExactly("1", "test", "requested by test");
    }

    // [utest->req~scn-steps~2]
    @Test
    void stepsThatNoComponentReported_areCaughtUpAndNamedInTheHistory() {
        world.run(apply(scenarioYaml("s", "p")));
        assertThat(step(ScenarioState.ALLOWED, ScenarioState.COMPLETED, "1"))
                .isEqualTo(new CommandResult.Done("scenario s is Completed"));
        assertThat(history()).containsExactly(">Idle", "Idle>Completed");
        assertThat(world.transitions.getLast().cause())
                .isEqualTo(
                        "requested by test; not reported: idle -> waiting, waiting -> satisfied, satisfied -> allowed");
    }

    // [utest->req~scn-steps~2]
    @Test
    void conditionThatIsMetAgain_beginsANewRoundAtMostOnceASecond() {
        world.run(apply(scenarioYaml("s", "p")));
        step(ScenarioState.ALLOWED, ScenarioState.COMPLETED, "1");
        assertThat(step(ScenarioState.WAITING, ScenarioState.SATISFIED, "2"))
                .as("within a second: success, not recorded")
                .isEqualTo(new CommandResult.Done("scenario s is Completed"));
        world.pass(Duration.ofSeconds(1));
        assertThat(step("s", ScenarioState.WAITING, ScenarioState.SATISFIED, "3", 2 * SECOND))
                .as("made before the last change")
                .isInstanceOf(CommandResult.NotAllowed.class);
        assertThat(step(ScenarioState.WAITING, ScenarioState.SATISFIED, "4"))
                .isEqualTo(new CommandResult.Done("scenario s is Satisfied"));
        assertThat(world.transitions.getLast().cause())
                .isEqualTo("requested by test; a new round; not reported: idle -> waiting");
    }

    // [utest->req~scn-steps~2]
    @Test
    void deniedScenario_isCompletedByNoRequestAndBeginsAgainWhenItIsRegistered() {
        world.run(apply(scenarioYaml("s", "p")));
        step(ScenarioState.SATISFIED, ScenarioState.DENIED, "1");
        world.pass(Duration.ofSeconds(1));
        assertThat(step(ScenarioState.ALLOWED, ScenarioState.COMPLETED, "2"))
                .isEqualTo(new CommandResult.NotAllowed("scenario s is Denied and cannot become Completed"));
        assertThat(step(ScenarioState.WAITING, ScenarioState.SATISFIED, "3"))
                .isInstanceOf(CommandResult.NotAllowed.class);
        assertThat(step(ScenarioState.IDLE, ScenarioState.WAITING, "4"))
                .isEqualTo(new CommandResult.Done("scenario s is Waiting"));
    }
}
