// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.testing.CascadeRig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The cause that is shown for a package follows its models; its history stays as it was recorded. */
class CausesTest {

    private final CascadeRig world = new CascadeRig();

    @BeforeEach
    void twoModels() {
        world.run(apply(packageYaml("p", "a", "b")));
    }

    private String cause() {
        return world.view.causeOf(world.packageEntry("p"));
    }

    private void passGracePeriod() {
        world.pass(CascadeRig.RULES.vanishGrace());
        world.run(new Command.Tick());
    }

    // [utest->req~pkg-cause~1]
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            running  | Running | b running (container b_x on M: running)
            paused   | Paused  | 2 of 2 models paused: b paused (container b_x on M: paused)
            exited:0 | Exited  | 2 of 2 models exited: b exited (container b_x on M: exited)
            exited:1 | Error   | 2 of 2 models dead: a dead (container a_x on N: exit code 1), b dead (container b_x on M: exit code 1)
            """)
    void modelThatMovesToAnotherNode_takesTheCauseOfItsPackageAlong(String status, String state, String expected) {
        world.run(report("N", "a/a_x=created", "b/b_x=created"));
        world.run(report("N", "a/a_x=" + status, "b/b_x=created"), report("N", "a/a_x=" + status, "b/b_x=" + status));
        if (state.equals("Running")) {
            world.run(new Command.ModelChange("a", ModelState.PAUSED, "1", "t"), report("N", "b/b_x=paused"));
            world.run(report("N", "a/a_x=" + status, "b/b_x=" + status));
            world.run(new Command.ModelChange("b", ModelState.PAUSED, "2", "t"), report("N", "a/a_x=paused"));
            world.run(report("N", "a/a_x=paused", "b/b_x=paused"), report("N", "a/a_x=paused", "b/b_x=running"));
        }
        int changes = world.transitions.size();
        assertThat(cause()).contains("b_x on N");
        world.run(report("M", "b/b_x=" + status));
        world.run(report("N", "a/a_x=" + (state.equals("Running") ? "paused" : status)));
        passGracePeriod();
        assertThat(world.packageState("p")).isEqualTo(state);
        assertThat(cause()).isEqualTo(expected);
        assertThat(world.transitions).as("nothing is added to the history").hasSize(changes);
        world.restart();
        assertThat(cause()).isEqualTo(expected);
    }

    @Test
    void causeThatNamesNoModel_stays() {
        world.run(report("N", "a/a_x=running", "b/b_x=running"));
        world.run(new Command.ModelChange("a", ModelState.EXITED, "1", "t"));
        world.run(new Command.ModelChange("b", ModelState.EXITED, "2", "t"));
        world.run(apply(packageYaml("p", "a", "b", "c")));
        assertThat(world.packageState("p")).isEqualTo("Running");
        assertThat(cause()).isEqualTo("its artifact changed");
    }

    @Test
    void modelWithALongerName_isNotTakenForAnother() {
        world.run(apply(packageYaml("q", "a", "a running")), report("N", "a running/x=running"));
        String cause = world.view.causeOf(world.packageEntry("q"));
        assertThat(cause).isEqualTo("a running running (container x on N: running)");
    }
}
