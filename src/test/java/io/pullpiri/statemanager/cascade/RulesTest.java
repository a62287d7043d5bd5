// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules of docs/specification.md that hold for single models, nodes and lists. */
class RulesTest {

    private final CascadeRig world = new CascadeRig();

    // [utest->req~pkg-shared~1]
    @Test
    void changeOfASharedModel_reachesEveryPackageThatNamesIt() {
        world.run(apply(packageYaml("p", "shared", "own")), apply(packageYaml("q", "shared")));
        world.run(report("HPC", "shared/a=exited:1", "own/b=running"));
        assertThat(world.packageState("p")).isEqualTo("Degraded");
        assertThat(world.packageState("q")).isEqualTo("Error");
    }

    // [utest->req~mdl-any-step~1]
    @Test
    void modelWithoutAnArtifact_goesFromAnyStateToAny() {
        for (ModelState from : ModelState.values()) {
            for (ModelState to : ModelState.values()) {
                List<CommandResult> results = world.run(
                        new Command.ModelChange("m", from, "1", "test"), new Command.ModelChange("m", to, "2", "test"));
                assertThat(results).as("%s to %s", from, to).allMatch(result -> result instanceof CommandResult.Done);
                assertThat(world.modelState("m")).as("%s to %s", from, to).isEqualTo(to.title());
            }
        }
    }

    // [utest->req~mdl-vanished~1]
    @ParameterizedTest(name = "{0}: a {1} model becomes {2}")
    @CsvSource({
        "EXITED, running, Exited", "EXITED, paused, Exited", "EXITED, exited:1, Dead", "EXITED, exited:0, Exited",
        "DEAD, running, Dead", "DEAD, paused, Dead", "DEAD, exited:0, Exited", "DEAD, exited:1, Dead",
        "KEEP, running, Running", "KEEP, paused, Paused", "KEEP, exited:1, Dead", "KEEP, exited:0, Exited"
    })
    void modelWhoseLastContainerIsGone_getsTheStateOfTheSetting(
            Rules.Vanished setting, String container, String expected) {
        Rules rules = CascadeRig.RULES;
        CascadeRig configured = new CascadeRig(
                new Rules(
                        rules.cleanExitCodes(),
                        rules.vanishGrace(),
                        rules.emptyGrace(),
                        rules.stopWindow(),
                        setting,
                        rules.reconcileOn(),
                        rules.protobufNames(),
                        rules.historyLimit()),
                new Plan.TransactionLimits(128, 1 << 20, 1L << 40));
        configured.run(apply(packageYaml("p", "m")));
        configured.run(report("HPC", "m/a=" + container));
        configured.run(report("HPC", "/other=running"));
        configured.pass(rules.vanishGrace());
        configured.run(new Command.Tick());
        assertThat(configured.modelState("m")).isEqualTo(expected);
    }

    // [utest->req~lst-replace~1]
    @Test
    void list_replacesThePreviousListOfItsNodeOnly() {
        world.run(apply(packageYaml("p", "m", "n")));
        world.run(report("HPC", "m/a=running"), report("ZONE", "n/b=running"));
        world.run(report("HPC", "m/a=paused"));
        assertThat(world.modelState("m")).isEqualTo("Paused");
        assertThat(world.modelState("n")).isEqualTo("Running");
    }

    // [utest->req~lst-replace~1]
    @Test
    void ofTwoContainersWithOneName_theLastCounts() {
        world.run(apply(packageYaml("p", "m")));
        world.run(report("HPC", "m/a=exited:1", "m/a=running"));
        assertThat(world.modelState("m")).isEqualTo("Running");
        assertThat(world.node("HPC").containers()).hasSize(1);
    }

    // [utest->req~lst-silence~1]
    @Test
    void silentNode_changesNoState() {
        world.run(apply(packageYaml("p", "m", "n")));
        world.run(report("HPC", "m/a=running", "n/b=exited:1"));
        View before = world.view;
        world.pass(Duration.ofDays(365));
        world.run(new Command.Tick());
        assertThat(world.view).isEqualTo(before);
        assertThat(Cascade.nextTick(world.view))
                .as("no tick is planned for a silent node")
                .isEqualTo(Long.MAX_VALUE);
    }
}
