// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests which scenarios a reconcile request names. */
class ReconcileTargetsTest {

    private final CascadeRig rig = new CascadeRig();

    private void scenario(String name, String action) {
        rig.run(CascadeRig.apply(
                "kind: Scenario\nmetadata: {name: %s}\nspec: {action: %s, target: p}".formatted(name, action)));
    }

    private void step(String scenario, ScenarioState from, ScenarioState to) {
        rig.pass(Duration.ofSeconds(2));
        rig.run(new Command.ScenarioChange(
                scenario, from, to, scenario + rig.now().wallNanos(), rig.now().wallNanos(), "test"));
    }

    private void complete(String scenario) {
        step(scenario, ScenarioState.ALLOWED, ScenarioState.COMPLETED);
        assertThat(rig.scenarioState(scenario)).isEqualTo("Completed");
    }

    private ReconcileTargets targets() {
        return ReconcileTargets.of(rig.view, "p");
    }

    /** The first column lists scenarios in the order in which they complete; a name that begins with t terminates. */
    // [utest->req~rec-targets~1]
    @ParameterizedTest
    @CsvSource({
        "'',            a b",
        "a,             a b",
        "a b,           a b",
        "t1,            ''",
        "a t1,          ''",
        "t1 a,          a b",
        "t1 t2,         ''",
        "t1 a t2,       ''",
        "a t1 t2 b,     a b"
    })
    void requestNamesOnlyScenariosThatDoNotTerminate_unlessATerminationCompletedLast(
            String completed, String expected) {
        scenario("b", "launch");
        scenario("a", "update");
        scenario("t1", "terminate");
        scenario("t2", "terminate");
        for (String each : completed.isEmpty() ? new String[0] : completed.split(" ")) {
            complete(each);
        }
        assertThat(String.join(" ", targets().scenarios())).isEqualTo(expected);
        assertThat(targets().whyNone().isEmpty()).isEqualTo(!expected.isEmpty());
        rig.restart();
        assertThat(String.join(" ", targets().scenarios()))
                .as("after a restart")
                .isEqualTo(expected);
    }

    // [utest->req~rec-targets~1]
    @Test
    void whyNoRequestIsSent_isSaid() {
        assertThat(targets().whyNone()).isEqualTo("no scenario targets it, so no request can be sent");
        scenario("stop", "terminate");
        assertThat(targets().whyNone()).isEqualTo("only scenarios that terminate it target it, so no request is sent");
        scenario("go", "launch");
        assertThat(targets()).isEqualTo(new ReconcileTargets(List.of("go"), ""));
        complete("stop");
        assertThat(targets().whyNone())
                .isEqualTo("scenario stop completed last and terminates it, so no request is sent");
    }

    /** FilterGateway registers again after a restart, and the termination has another state then. */
    // [utest->req~rec-targets~1]
    @Test
    void terminationThatBeganANewRound_staysTheLastOneThatCompleted() {
        scenario("go", "launch");
        scenario("stop", "terminate");
        complete("go");
        complete("stop");
        step("stop", ScenarioState.IDLE, ScenarioState.WAITING);
        step("stop", ScenarioState.WAITING, ScenarioState.SATISFIED);
        assertThat(rig.scenarioState("stop")).isEqualTo("Satisfied");
        rig.restart();
        assertThat(targets().scenarios()).isEmpty();
        complete("go");
        assertThat(targets().scenarios()).as("go is completed already").isEmpty();
        step("go", ScenarioState.IDLE, ScenarioState.WAITING);
        complete("go");
        assertThat(targets().scenarios()).containsExactly("go");
    }

    // [utest->req~rec-targets~1]
    @Test
    void scenarioThatWasDeletedAndAppliedAgain_hasNotCompleted() {
        scenario("go", "launch");
        scenario("stop", "terminate");
        complete("stop");
        rig.run(CascadeRig.delete("kind: Scenario\nmetadata: {name: stop}\nspec: {target: p}"));
        assertThat(targets().scenarios()).containsExactly("go");
        scenario("stop", "terminate");
        assertThat(targets().scenarios()).containsExactly("go");
    }
}
