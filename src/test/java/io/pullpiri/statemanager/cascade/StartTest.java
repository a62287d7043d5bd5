// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.modelYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static io.pullpiri.statemanager.testing.CascadeRig.scenarioYaml;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Reading the store at a start, and the repair after it. */
class StartTest {

    private static final String AWAY = "changed in the store while StateManager was away";

    private final CascadeRig world = new CascadeRig();

    private View read(List<KeyValue> entries) {
        return world.cascade
                .load(new Snapshot(world.revision, entries), world.now())
                .view();
    }

    @Test
    void startFromTheStore_doesNotDependOnTheReadOrder() {
        world.run(apply(packageYaml("p", "a", "b"), scenarioYaml("s", "p"), scenarioYaml("t", "p"), modelYaml("a")));
        for (int i = 0; i < 12; i++) {
            world.run(
                    report("n" + i % 3, "a/x=" + (i % 2 == 0 ? "running" : "exited:1"), "b/y=paused", "/a_z=running"));
        }
        // Each node record has a last known state of the model; the newer record is right.
        world.run(report("n0", "b/y=nonsense"), report("n1", "b/y=nonsense"), report("n2", "b/y=nonsense"));
        assertThat(world.restart()).as("its fence").isOne();
        List<KeyValue> entries = new ArrayList<>(world.store.values());
        View expected = read(entries);
        for (int seed = 0; seed < 20; seed++) {
            Collections.shuffle(entries, new Random(seed));
            assertThat(read(entries)).usingRecursiveComparison().isEqualTo(expected);
        }
    }

    @Test
    void newestReport_determinesTheLastKnownModelState() {
        String silent =
                "{\"containers\":[{\"name\":\"c\",\"model\":\"m\",\"state\":\"UNKNOWN\"}],\"kept\":{\"m\":\"%s\"}}";
        world.foreignUnseen(Keys.node("n2"), silent.formatted("DEAD"));
        world.foreignUnseen(Keys.node("n1"), silent.formatted("PAUSED"));
        List<KeyValue> entries = new ArrayList<>(world.store.values());
        for (List<KeyValue> each : List.of(entries, entries.reversed())) {
            ModelEntry model = read(each).models().get("m");
            assertThat(model).extracting(ModelEntry::derived).isEqualTo(ModelState.PAUSED);
        }
    }

    @Test
    void packageChangedAtTheStart_hasACause() {
        world.run(apply(packageYaml("p", "a"), packageYaml("q", "a")));
        world.run(new Command.ModelChange("b", ModelState.PAUSED, "", "test"));
        world.foreignUnseen(Keys.artifact("Package", "p"), packageYaml("p", "b"));
        world.foreignUnseen(Keys.artifact("Package", "q"), null);
        world.restart();
        assertThat(world.lastCause(ResourceKind.PACKAGE, "p")).isEqualTo("1 of 1 models paused: found so at start");
        assertThat(world.lastCause(ResourceKind.PACKAGE, "q")).isEqualTo("its artifact was deleted");
    }

    // [utest->req~nod-record~1]
    @Test
    void restart_restoresEverythingKnown() {
        world.run(apply(packageYaml("p", "a", "b"), scenarioYaml("s", "p"), modelYaml("a"), modelYaml("alone")));
        world.run(report("n", "a/x=running"), report("o", "/free=running", "b/y=exited:1"));
        world.run(new Command.ScenarioChange("s", null, ScenarioState.WAITING, "id", 1, "test"));
        View before = world.view;
        world.restart();
        assertThat(world.view)
                .usingRecursiveComparison()
                .ignoringFields("journal")
                .isEqualTo(before);
        assertThat(world.packageEntry("p").modelsWithState()).isEqualTo(2);
        assertThat(world.modelEntry("alone").artifactText().value()).isEqualTo(modelYaml("alone"));
        assertThat(world.view.withoutLabel()).containsOnlyKeys("free");
    }

    @Test
    void containerWithoutALabel_isMatchedByNameAfterARestart() {
        world.run(report("n", "/brake_ctl=running", "other/brake_log=exited:1"));
        world.restart();
        world.run(apply(packageYaml("braking", "brake")));
        assertThat(world.modelState("brake")).isEqualTo("Running");
    }

    /** Found by the simulation (day 2901): the model's key stayed deleted, because its containers did not change. */
    @Test
    void modelDroppedByAnUnfinishedPlan_getsTheStateOfItsContainers() {
        world.run(report("n", "m/a=exited:1"));
        world.run(report("n", "/other=running"));
        world.pass(CascadeRig.RULES.vanishGrace());
        Plan torn = world.cascade.plan(world.view, List.of(new Command.Tick()), world.now());
        for (Transaction.Write write :
                torn.transactions().getFirst().transaction().writes()) {
            if (!write.key().equals(Keys.node("n"))) {
                world.foreignUnseen(write.key(), write.value());
            }
        }
        assertThat(world.modelState("m")).isNull();
        world.restart();
        assertThat(world.modelState("m")).isEqualTo("Dead");
        assertThat(world.lastCause(ResourceKind.MODEL, "m")).isEqualTo("container a on n: exit code 1");
        world.pass(CascadeRig.RULES.vanishGrace());
        world.run(new Command.Tick());
        assertThat(world.states()).as("after a second grace period").isEmpty();
        assertThat(world.view.models()).isEmpty();
    }

    @Test
    void modelWithADeletedKey_hasNoStateUntilItsContainersChange() {
        world.run(report("n", "m/a=exited:1"));
        world.foreign(Keys.modelState("m"), null);
        world.restart();
        assertThat(world.modelState("m")).isNull();
        world.run(report("n", "m/a=exited:1"));
        assertThat(world.modelState("m")).isNull();
        world.run(report("n", "m/a=running"));
        assertThat(world.modelState("m")).isEqualTo("Running");
    }

    @Test
    void packageStateOverwrittenWhileStopped_isRepairedAtTheStart() {
        world.run(apply(packageYaml("p", "a"), packageYaml("q", "a"), packageYaml("r", "a")));
        world.foreignUnseen(Keys.packageState("p"), "Error");
        world.foreignUnseen(Keys.packageState("q"), "nonsense");
        world.foreignUnseen(Keys.packageState("r"), null);
        world.foreignUnseen(Keys.packageState("ghost"), "Running");
        world.restart();
        assertThat(world.states())
                .containsExactlyInAnyOrder(Keys.packageState("p"), Keys.packageState("q"), Keys.packageState("r"));
        assertThat(world.states()).extracting(world::value).containsOnly("Idle");
        assertThat(world.history(ResourceKind.PACKAGE, "r")).containsExactly(">Idle");
        assertThat(world.packageEntry("r").state().history().generation()).isOne();
    }

    @Test
    void resourceDeletedWhileStopped_leavesOnlyItsHistory() {
        world.run(apply(packageYaml("p", "a"), scenarioYaml("s", "p")));
        world.run(new Command.ModelChange("free", ModelState.PAUSED, "", "test"));
        world.run(new Command.ScenarioChange("alone", null, ScenarioState.WAITING, "", 1, "test"));
        for (String key : List.copyOf(world.keys())) {
            if (!key.startsWith(Keys.OWN_PREFIX)) {
                world.foreignUnseen(key, null);
            }
        }
        world.restart();
        assertThat(world.view.packages()).isEmpty();
        assertThat(world.view.models()).isEmpty();
        assertThat(world.view.scenarios()).isEmpty();
        assertThat(world.states()).isEmpty();
        assertThat(world.history(ResourceKind.PACKAGE, "p")).containsExactly(">Idle", "Idle>");
        assertThat(world.history(ResourceKind.MODEL, "free")).containsExactly(">Paused", "Paused>");
        assertThat(world.history(ResourceKind.SCENARIO, "s")).containsExactly(">Idle", "Idle>");
        assertThat(world.history(ResourceKind.SCENARIO, "alone")).containsExactly(">Waiting", "Waiting>");
        assertThat(world.restart()).as("its fence").isOne();
    }

    /** Found by the simulation (day 7737). */
    @Test
    void foreignWriteToAModelDroppedWhileStopped_isInItsHistory() {
        world.run(apply(packageYaml("p", "m")));
        world.run(new Command.ModelChange("m", ModelState.RUNNING, "", "test"));
        world.foreignUnseen(Keys.modelState("m"), "Dead");
        world.foreignUnseen(Keys.artifact("Package", "p"), null);
        world.restart();
        assertThat(world.view.models()).isEmpty();
        assertThat(world.history(ResourceKind.MODEL, "m")).containsExactly(">Running", "Running>Dead", "Dead>");
    }

    @Test
    void deletedPackage_isNotRecreatedByAForeignState() {
        world.run(apply(packageYaml("p", "a")), CascadeRig.delete(packageYaml("p")));
        world.foreignUnseen(Keys.packageState("p"), "Paused");
        world.restart();
        assertThat(world.states()).isEmpty();
        assertThat(world.history(ResourceKind.PACKAGE, "p")).containsExactly(">Idle", "Idle>");
    }

    // [utest->req~mdl-restart~1]
    @Test
    void foreignWritesWhileStopped_areInTheHistory() {
        world.run(apply(packageYaml("p", "a", "b"), scenarioYaml("s", "p")));
        world.run(new Command.ModelChange("a", ModelState.RUNNING, "", "test"));
        world.run(new Command.ModelChange("b", ModelState.RUNNING, "", "test"));
        world.foreignUnseen(Keys.modelState("a"), null);
        world.foreignUnseen(Keys.modelState("b"), "Dead");
        world.foreignUnseen(Keys.modelState("c"), "Paused");
        world.foreignUnseen(Keys.scenarioState("s"), "Satisfied");
        world.foreignUnseen(Keys.scenarioState("free"), "Denied");
        world.transitions.clear();
        world.restart();
        assertThat(world.history(ResourceKind.MODEL, "a")).containsExactly("Running>");
        assertThat(world.history(ResourceKind.MODEL, "b")).containsExactly("Running>Dead");
        assertThat(world.history(ResourceKind.MODEL, "c")).containsExactly(">Paused");
        assertThat(world.history(ResourceKind.SCENARIO, "s")).containsExactly("Idle>Satisfied");
        assertThat(world.history(ResourceKind.SCENARIO, "free")).containsExactly(">Denied");
        assertThat(world.transitions)
                .filteredOn(transition -> transition.kind() != ResourceKind.PACKAGE)
                .extracting(Transition::cause)
                .containsOnly(AWAY);
        assertThat(world.packageState("p")).isEqualTo("Degraded");
    }

    @Test
    void scenarioWhoseKeyWasDeletedWhileStopped_isIdleIfItHasAnArtifact() {
        world.run(apply(scenarioYaml("s", "p"), scenarioYaml("t", "p")));
        world.run(new Command.ScenarioChange("s", null, ScenarioState.WAITING, "id", 1, "test"));
        world.foreignUnseen(Keys.scenarioState("s"), null);
        world.foreignUnseen(Keys.scenarioState("t"), null);
        world.foreignUnseen(Keys.artifact("Scenario", "t"), null);
        world.foreignUnseen(Keys.artifact("Scenario", "new"), scenarioYaml("new", "q"));
        world.foreignUnseen(Keys.artifact("Scenario", "broken"), "nothing");
        world.restart();
        assertThat(world.scenarioState("s")).isEqualTo("Idle");
        assertThat(world.history(ResourceKind.SCENARIO, "s"))
                .containsExactly(">Idle", "Idle>Waiting", "Waiting>", ">Idle");
        assertThat(world.scenarioState("t")).isNull();
        assertThat(world.scenarioState("new")).isEqualTo("Idle");
        assertThat(world.lastCause(ResourceKind.SCENARIO, "new")).isEqualTo("its artifact appeared");
        assertThat(world.scenarioState("broken")).isNull();
        assertThat(world.view.scenariosOf("q")).containsExactly("new");
    }

    // [utest->req~scn-artifact~1]
    @Test
    void scenario_isDeletedWithItsArtifactUnlessItNeverHadOne() {
        world.run(apply(scenarioYaml("s", "p")));
        world.run(new Command.ScenarioChange("free", null, ScenarioState.WAITING, "id", 1, "test"));
        world.foreignUnseen(Keys.artifact("Scenario", "s"), null);
        world.restart();
        assertThat(world.scenarioState("s")).isNull();
        assertThat(world.lastCause(ResourceKind.SCENARIO, "s")).isEqualTo("its artifact was deleted");
        assertThat(world.scenarioState("free")).isEqualTo("Waiting");

        world.run(apply(scenarioYaml("s", "p")));
        world.foreignUnseen(Keys.artifact("Scenario", "s"), "no: [yaml");
        world.restart();
        assertThat(world.scenarioState("s"))
                .as("a broken artifact still exists")
                .isEqualTo("Idle");
    }

    @Test
    void brokenRecords_areReportedAtTheStart() {
        world.foreignUnseen(Keys.artifact("Package", "p"), packageYaml("other"));
        world.foreignUnseen(Keys.artifact("Scenario", "s"), "no: [yaml");
        world.foreignUnseen(Keys.node("n"), "{");
        world.foreignUnseen(Keys.journal(7), "{\"changes\":[{\"name\":\"m\"}]}");
        world.foreignUnseen(Keys.JOURNAL_PREFIX + "9".repeat(19), "{}");
        world.restart();
        assertThat(world.notices())
                .satisfiesExactlyInAnyOrder(
                        said -> assertThat(said)
                                .isEqualTo(
                                        "Package/p is broken: is Package/other (expected: as its key says, Package/p)"),
                        said -> assertThat(said).startsWith("Scenario/s is broken: "),
                        said -> assertThat(said)
                                .isEqualTo(Keys.node("n") + " is damaged; the node's next report replaces it"),
                        said -> assertThat(said)
                                .isEqualTo(Keys.journal(7)
                                        + " is no journal record of StateManager, or is damaged; it is ignored"),
                        said -> assertThat(said).contains("9".repeat(19)));
        assertThat(world.view.journal().records()).containsOnlyKeys(7L, 8L);
    }

    @Test
    void damagedReconcileRecord_isRewritten() {
        world.run(apply(packageYaml("p", "a"), packageYaml("q", "b")));
        world.run(report("n", "a/x=exited:1", "b/y=running"));
        world.foreignUnseen(Keys.reconcile("p"), "{\"name\":\"p\"}");
        world.foreignUnseen(Keys.reconcile("q"), "nonsense");
        world.foreignUnseen(Keys.reconcile("ghost"), "nonsense");
        world.restart();
        assertThat(world.value(Keys.reconcile("p"))).contains("\"state\":\"Error\"");
        assertThat(world.packageEntry("p").reconcile().value()).isNotNull();
        assertThat(world.value(Keys.reconcile("q"))).isNull();
        assertThat(world.value(Keys.reconcile("ghost"))).isNull();
        assertThat(world.packageEntry("q").state().value()).isEqualTo(PackageState.RUNNING);
    }
}
