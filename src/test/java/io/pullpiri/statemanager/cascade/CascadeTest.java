// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.delete;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static io.pullpiri.statemanager.testing.CascadeRig.scenarioYaml;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Transition;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class CascadeTest {

    private final CascadeRig world = new CascadeRig();

    // [utest->req~pkg-idle~1]
    // [utest->req~sto-keys~1]
    @Test
    void newPackage_isStoredAsIdleAtOnce() {
        world.run(apply(packageYaml("braking", "brake", "light")));
        assertThat(world.packageState("braking")).isEqualTo("Idle");
        assertThat(world.modelState("brake"))
                .as("StateManager never writes a model's key before it has a state")
                .isNull();
    }

    // [utest->req~pkg-idle~1]
    @Test
    void packageCreatedAfterItsModels_startsItsHistoryWithIdle() {
        world.run(model("brake", ModelState.DEAD), model("light", ModelState.RUNNING));
        world.run(apply(packageYaml("braking", "brake", "light")));
        assertThat(world.packageState("braking")).isEqualTo("Degraded");
        assertThat(world.history(ResourceKind.PACKAGE, "braking")).containsExactly(">Idle", "Idle>Degraded");
        assertThat(world.lastCause(ResourceKind.PACKAGE, "braking"))
                .startsWith("1 of 2 models dead: brake dead (requested by test)");
    }

    // [utest->req~sto-transaction~1]
    @Test
    void report_updatesModelsAndPackagesInOneTransaction() {
        world.run(apply(packageYaml("braking", "brake", "light")));
        long before = world.revision;
        world.run(report("HPC", "brake/ctl=running", "light/led=running"));
        assertThat(world.revision).isEqualTo(before + 1);
        assertThat(world.modelState("brake")).isEqualTo("Running");
        assertThat(world.packageState("braking")).isEqualTo("Running");
        world.run(report("HPC", "brake/ctl=exited:139", "light/led=running"));
        assertThat(world.modelState("brake")).isEqualTo("Dead");
        assertThat(world.packageState("braking")).isEqualTo("Degraded");
        assertThat(world.lastCause(ResourceKind.PACKAGE, "braking"))
                .isEqualTo("1 of 2 models dead: brake dead (container ctl on HPC: exit code 139)");
    }

    // [utest->req~pkg-cause~1]
    @Test
    void packageCause_namesTheModelsThatAreDeadNow() {
        world.run(apply(packageYaml("braking", "brake", "light", "horn", "wiper", "lock")));
        world.run(report("HPC", "brake/a=exited:139", "light/b=running"));
        world.run(report("HPC", "brake/a=exited:139", "light/b=exited:1"));
        world.run(report("HPC", "brake/a=running", "light/b=exited:1"));
        assertThat(world.lastCause(ResourceKind.PACKAGE, "braking"))
                .as("why it became degraded")
                .isEqualTo("1 of 5 models dead: brake dead (container a on HPC: exit code 139)");
        assertThat(cause("braking"))
                .as("why it is degraded")
                .isEqualTo("1 of 5 models dead: light dead (container b on HPC: exit code 1)");
        world.run(report("HPC", "brake/a=dead", "light/b=dead", "horn/c=dead", "wiper/d=dead"));
        assertThat(cause("braking"))
                .startsWith("4 of 5 models dead: brake dead")
                .endsWith(", and 1 more");
    }

    private String cause(String name) {
        return world.view.causeOf(Objects.requireNonNull(world.view.packages().get(name)));
    }

    @Test
    void modelsOfOneReport_changeAtOneTime() {
        world.run(apply(packageYaml("braking", "brake", "light")));
        world.run(report("HPC", "brake/ctl=running", "light/led=running"));
        world.run(report("HPC", "brake/ctl=exited:1", "light/led=exited:1"));
        assertThat(world.history(ResourceKind.PACKAGE, "braking"))
                .containsExactly(">Idle", "Idle>Running", "Running>Error");
    }

    // [utest->req~lst-silence~1]
    @Test
    void unchangedReport_writesNothing() {
        world.run(apply(packageYaml("braking", "brake")));
        world.run(report("HPC", "brake/ctl=running"));
        long before = world.revision;
        world.run(report("HPC", "brake/ctl=running"));
        assertThat(world.revision).isEqualTo(before);
    }

    // [utest->req~rec-request~1]
    @Test
    void reconcileRecord_isWrittenWithTheDeathAndDeletedWithTheRecovery() {
        world.run(apply(packageYaml("braking", "brake"), scenarioYaml("drive", "braking")));
        world.run(report("HPC", "brake/ctl=exited:1"));
        assertThat(world.packageState("braking")).isEqualTo("Error");
        assertThat(world.value(Keys.reconcile("braking"))).contains("exit code 1");
        world.run(report("HPC", "brake/ctl=running"));
        assertThat(world.value(Keys.reconcile("braking"))).isNull();
    }

    // [utest->req~mdl-vanished~1]
    // [utest->req~lst-grace~2]
    @Test
    void missingContainer_countsUntilItsGracePeriodEnds() {
        world.run(apply(packageYaml("braking", "brake")));
        world.run(report("HPC", "brake/ctl=running"));
        world.run(report("HPC", "/other=running"));
        assertThat(world.modelState("brake")).isEqualTo("Running");
        world.pass(Duration.ofMillis(2_900));
        world.run(new Command.Tick());
        assertThat(world.modelState("brake")).isEqualTo("Running");
        world.pass(Duration.ofMillis(200));
        assertThat(Cascade.nextTick(world.view)).isLessThanOrEqualTo(world.now().monotonicNanos());
        world.run(new Command.Tick());
        assertThat(world.modelState("brake"))
                .as("a running model that has no container anywhere is exited")
                .isEqualTo("Exited");
        assertThat(Cascade.nextTick(world.view)).isEqualTo(Long.MAX_VALUE);
    }

    // [utest->req~lst-grace~2]
    @Test
    void containerReportedAgainInTime_wasNeverMissing() {
        world.run(apply(packageYaml("braking", "brake")));
        world.run(report("HPC", "brake/ctl=running"));
        world.run(report("HPC", "/other=running"));
        world.pass(Duration.ofSeconds(1));
        world.run(report("HPC", "brake/ctl=running"));
        world.pass(Duration.ofSeconds(10));
        world.run(new Command.Tick());
        assertThat(world.history(ResourceKind.MODEL, "brake")).containsExactly(">Running");
    }

    // [utest->req~lst-union~1]
    @Test
    void modelState_followsFromTheContainersOfAllNodes() {
        world.run(apply(packageYaml("braking", "brake")));
        world.run(report("front", "brake/a=paused"), report("rear", "brake/b=running"));
        assertThat(world.modelState("brake")).isEqualTo("Running");
        world.run(report("rear", "brake/b=paused"));
        assertThat(world.modelState("brake")).isEqualTo("Paused");
        world.run(report("front", "brake/a=exited:1"));
        assertThat(world.modelState("brake")).isEqualTo("Dead");
    }

    // [utest->req~mdl-unknown~1]
    @Test
    void unknownContainers_changeNoState() {
        world.run(apply(packageYaml("braking", "brake")));
        world.run(report("HPC", "brake/ctl=paused"));
        world.run(report("HPC", "brake/ctl=strange"));
        assertThat(world.modelState("brake")).isEqualTo("Paused");
    }

    // [utest->req~mdl-last-writer~1]
    @Test
    void stateWrittenByAnotherComponent_standsUntilTheContainersChange() {
        world.run(apply(packageYaml("braking", "brake")));
        world.run(report("HPC", "brake/ctl=running"));
        world.foreign(Keys.modelState("brake"), "Dead");
        assertThat(world.packageState("braking")).isEqualTo("Error");
        world.run(report("HPC", "brake/ctl=running", "/other=running"));
        assertThat(world.modelState("brake")).isEqualTo("Dead");
        world.restart();
        world.run(report("HPC", "brake/ctl=running"));
        assertThat(world.modelState("brake")).as("also across a restart").isEqualTo("Dead");
        world.run(report("HPC", "brake/ctl=paused"));
        assertThat(world.modelState("brake")).isEqualTo("Paused");
        assertThat(world.packageState("braking")).isEqualTo("Paused");
    }

    @Test
    void container_belongsToTheLongestModelNameOfAPackage() {
        world.run(report("HPC", "/brake_main_ctl=running"));
        assertThat(world.modelState("brake")).isNull();
        world.run(apply(packageYaml("one", "brake")));
        assertThat(world.modelState("brake")).isEqualTo("Running");
        assertThat(world.packageState("one")).isEqualTo("Running");
        world.run(apply(packageYaml("two", "brake_main")));
        assertThat(world.modelState("brake_main")).isEqualTo("Running");
        assertThat(world.modelState("brake"))
                .as("it has lost its only container to the longer name")
                .isEqualTo("Exited");
        world.run(delete(packageYaml("two")));
        assertThat(world.modelState("brake_main")).isNull();
        assertThat(world.modelState("brake")).isEqualTo("Running");
    }

    // [utest->req~pkg-deletion~1]
    @Test
    void deletedPackage_losesItsKeyItsRecordsAndItsOrphans() {
        world.run(apply(packageYaml("braking", "brake", "light"), packageYaml("lights", "light")));
        world.run(model("brake", ModelState.DEAD), model("light", ModelState.DEAD));
        assertThat(world.value(Keys.reconcile("braking"))).isNotNull();
        world.run(delete(packageYaml("braking")));
        assertThat(world.packageState("braking")).isNull();
        assertThat(world.value(Keys.reconcile("braking"))).isNull();
        assertThat(world.modelState("brake")).isNull();
        assertThat(world.modelState("light")).as("another package names it").isEqualTo("Dead");
        assertThat(world.view.packages()).containsOnlyKeys("lights");
        assertThat(world.view.models()).containsOnlyKeys("light");
        world.run(apply(packageYaml("braking", "brake")));
        assertThat(world.packageEntry("braking").state().history().generation())
                .as("the new package has nothing of the old one")
                .isEqualTo(1);
    }

    // [utest->req~pkg-broken-artifact~1]
    @Test
    void brokenArtifact_leavesTheLastGoodOneInForceUntilARestart() {
        world.run(apply(packageYaml("braking", "brake")));
        world.run(report("HPC", "brake/ctl=running"));
        world.foreign(Keys.artifact("Package", "braking"), "kind: Package\nmetadata: {name: other}");
        assertThat(world.packageEntry("braking").artifact().broken()).contains("Package/other");
        world.run(report("HPC", "brake/ctl=exited:1"));
        assertThat(world.packageState("braking")).isEqualTo("Error");
        world.restart();
        assertThat(world.packageState("braking")).isEqualTo("Error");
        world.run(report("HPC", "brake/ctl=running"));
        assertThat(world.packageState("braking"))
                .as("its models are unknown after the start")
                .isEqualTo("Error");
        world.foreign(Keys.artifact("Package", "braking"), packageYaml("braking", "brake"));
        assertThat(world.packageState("braking")).isEqualTo("Running");
    }

    /** Found by using it: the states of its models were deleted, and with the good artifact the package ran again. */
    // [utest->req~pkg-broken-artifact~1]
    @Test
    void modelsOfAnUnparsablePackage_keepTheirStates() {
        world.run(apply(packageYaml("braking", "brake", "light")));
        world.run(model("brake", ModelState.DEAD));
        world.foreign(Keys.modelState("light"), "Dead");
        world.foreignUnseen(Keys.artifact("Package", "braking"), "no: [yaml");
        assertThat(world.restart()).as("its fence").isOne();
        assertThat(world.modelState("brake")).isEqualTo("Dead");
        assertThat(world.modelState("light")).isEqualTo("Dead");
        world.run(apply(packageYaml("braking", "brake", "light")));
        assertThat(world.packageState("braking")).isEqualTo("Error");
        assertThat(world.history(ResourceKind.PACKAGE, "braking")).endsWith("Degraded>Error");
    }

    @Test
    void containersThatVanishWhileAPackageIsUnparsable_areGone() {
        Command deleted = CascadeRig.delete(packageYaml("braking", "brake"));
        for (Command known : List.of(apply(packageYaml("braking", "brake")), deleted)) {
            CascadeRig world = new CascadeRig();
            world.run(apply(packageYaml("braking", "brake")));
            world.run(report("HPC", "/brake_ctl=running", "brake/log=running"));
            world.foreignUnseen(Keys.artifact("Package", "braking"), "no: [yaml");
            world.restart();
            assertThat(world.modelEntry("brake").containers().get("HPC")).hasSize(2);
            world.run(report("HPC", "/other=running"));
            world.pass(CascadeRig.RULES.vanishGrace());
            world.run(new Command.Tick());
            assertThat(world.modelState("brake")).isEqualTo("Exited");
            assertThat(world.packageState("braking")).isEqualTo("Running");
            world.run(known);
            assertThat(world.packageState("braking")).isEqualTo(known.equals(deleted) ? null : "Exited");
            assertThat(world.modelState("brake")).isEqualTo(known.equals(deleted) ? null : "Exited");
        }
    }

    @Test
    void deletedPackage_staysDeletedAlthoughABrokenArtifactWasWrittenLater() {
        String artifact = Keys.artifact("Package", "braking");
        world.run(apply(packageYaml("braking", "brake")));
        long applied = world.revision(artifact);
        world.foreignUnseen(artifact, null);
        world.foreignUnseen(artifact, "no: [yaml");

        world.run(
                new Command.StoreEvents(List.of(new WatchEvent(artifact, null, applied + 1)), false),
                new Command.StoreEvents(List.of(new WatchEvent(artifact, "no: [yaml", applied + 2)), false));

        assertThat(world.history(ResourceKind.PACKAGE, "braking")).containsExactly(">Idle", "Idle>");
        assertThat(world.packageState("braking")).isNull();
    }

    // [utest->req~mdl-restart~1]
    @Test
    void modelWithoutAStoredNodeRecord_hasNoContainersAfterARestart() {
        world.run(apply(packageYaml("braking", "brake")));
        world.run(report("HPC", "brake/ctl=running"));
        // A crash between the transactions of a large plan has this result.
        world.foreignUnseen(Keys.node("HPC"), null);

        world.restart();

        assertThat(world.modelState("brake")).isEqualTo("Exited");
        assertThat(world.packageState("braking")).isEqualTo("Exited");
    }

    // [utest->req~bad-store~1]
    @Test
    void invalidModelState_isIgnoredAndADeletedKeyLeavesNoState() {
        world.run(apply(packageYaml("braking", "brake")));
        world.foreign(Keys.modelState("brake"), "MODEL_STATE_PAUSED");
        assertThat(world.packageState("braking")).isEqualTo("Paused");
        world.foreign(Keys.modelState("brake"), "broken\nbeyond repair");
        assertThat(world.packageState("braking")).isEqualTo("Paused");
        assertThat(world.notices())
                .containsExactly(
                        "model brake: its key holds 'broken\\u{A}beyond repair' (expected: a state of a model); it is ignored");
        world.restart();
        assertThat(world.packageState("braking")).isEqualTo("Paused");
        world.foreign(Keys.modelState("brake"), null);
        assertThat(world.packageState("braking")).as("never idle again").isEqualTo("Running");
    }

    // [utest->req~pkg-repair~1]
    @Test
    void overwrittenPackageState_isRepairedAtMostOnceASecond() {
        world.run(apply(packageYaml("braking", "brake")));
        world.foreign(Keys.packageState("braking"), "Running");
        assertThat(world.packageState("braking")).isEqualTo("Idle");
        world.foreign(Keys.packageState("braking"), "Running");
        assertThat(world.packageState("braking")).isEqualTo("Running");
        world.pass(Duration.ofSeconds(1));
        assertThat(Cascade.nextTick(world.view)).isLessThanOrEqualTo(world.now().monotonicNanos());
        world.run(new Command.Tick());
        assertThat(world.packageState("braking")).isEqualTo("Idle");
        assertThat(world.history(ResourceKind.PACKAGE, "braking")).containsExactly(">Idle");
    }

    @Test
    void keysDeletedOrWrittenWhileStopped_areProcessedAtTheStart() {
        world.run(apply(packageYaml("braking", "brake"), packageYaml("lights", "light"), scenarioYaml("drive", "x")));
        world.run(model("brake", ModelState.RUNNING), model("light", ModelState.RUNNING));
        world.run(model("free", ModelState.PAUSED));
        world.foreignUnseen(Keys.artifact("Package", "braking"), null);
        world.foreignUnseen(Keys.artifact("Scenario", "drive"), null);
        world.foreignUnseen(Keys.modelState("light"), "Dead");
        world.restart();
        assertThat(world.packageState("braking")).isNull();
        assertThat(world.packageState("lights")).isEqualTo("Error");
        assertThat(world.value(Keys.reconcile("lights"))).isNotNull();
        assertThat(world.modelState("free"))
                .as("a model needs no artifact to have a state")
                .isEqualTo("Paused");
        assertThat(world.scenarioState("drive")).isNull();
        assertThat(world.history(ResourceKind.MODEL, "light")).containsExactly(">Running", "Running>Dead");
        assertThat(world.restart()).as("a second start writes only its fence").isOne();
    }

    // [utest->req~sto-transaction~1]
    @Test
    void largePlan_isSplitWithModelsFirstAndNodeRecordsLast() {
        CascadeRig small = new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(20, 1 << 20, 1L << 40));
        String[] models = new String[50];
        String[] containers = new String[50];
        for (int i = 0; i < 50; i++) {
            models[i] = "m" + i;
            containers[i] = "m" + i + "/c" + i + "=running";
        }
        small.run(apply(packageYaml("big", models)));
        Plan plan = small.cascade.plan(small.view, List.of(report("HPC", containers)), small.now());
        assertThat(plan.transactions())
                .hasSizeGreaterThan(3)
                .allSatisfy(
                        planned -> assertThat(planned.transaction().writes()).hasSizeLessThanOrEqualTo(20));
        assertThat(plan.transactions()
                        .getFirst()
                        .transaction()
                        .writes()
                        .getFirst()
                        .key())
                .startsWith(Keys.MODEL_STATE_PREFIX);
        assertThat(plan.transactions().getLast().transaction().writes().stream().map(write -> write.key()))
                .contains(Keys.node("HPC"));
        small.run(report("HPC", containers));
        assertThat(small.packageState("big")).isEqualTo("Running");
        assertThat(small.restart()).as("its fence").isOne();
    }

    /** A plan is in flight when the process ends, and arrives after the next process has read the store. */
    // [utest->req~sto-fence~1]
    @Test
    void planDecidedBeforeTheFence_cannotBeCommittedAfterIt() {
        world.run(apply(packageYaml("braking", "brake")));
        for (Command command : List.of(
                apply(packageYaml("braking", "brake", "light")),
                model("brake", ModelState.DEAD),
                report("HPC", "brake/b=running"),
                report("HPC", "/of-no-model=running"))) {
            Plan late = world.cascade.plan(world.view, List.of(command), world.now());
            world.restart();
            assertThat(late.transactions().getFirst().transaction().writes())
                    .as("%s", command)
                    .anyMatch(write -> world.revision(write.key()) != write.expectedRevision());
        }
    }

    @Test
    void partlyCommittedPlan_isCompletedFromTheNodesReports() {
        CascadeRig small = new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(9, 1 << 20, 1L << 40));
        small.run(apply(packageYaml("p", "a", "b", "c", "d", "e")));
        small.run(report("HPC", "a/a=running", "b/b=running", "c/c=running", "d/d=running", "e/e=running"));
        small.run(report("HPC", "a/a=running", "b/b=strange", "c/c=running", "d/d=running", "e/e=running"));
        Plan torn = small.cascade.plan(
                small.view,
                List.of(report("HPC", "a/a=paused", "b/b=paused", "c/c=paused", "d/d=paused", "e/e=paused")),
                small.now());
        assertThat(torn.transactions()).hasSizeGreaterThan(1);
        torn.transactions()
                .getFirst()
                .transaction()
                .writes()
                .forEach(write -> small.foreignUnseen(write.key(), write.value()));
        assertThat(small.modelState("a")).isEqualTo("Paused");
        assertThat(small.modelState("b")).isEqualTo("Paused");
        small.restart();
        assertThat(small.modelState("a"))
                .as("the state that the stored list gives")
                .isEqualTo("Running");
        assertThat(small.modelState("b"))
                .as("the state that an older list gave")
                .isEqualTo("Running");
        assertThat(small.packageState("p")).isEqualTo("Running");
    }

    // [utest->req~sto-journal~1]
    @Tag("slow")
    @Test
    void boundedJournal_keepsSinceAndCause() {
        world.run(apply(packageYaml("still", "quiet")));
        world.run(report("HPC", "quiet/q=exited:7"));
        for (int i = 0; i < 30_000; i++) {
            world.run(
                    model("busy", i % 2 == 0 ? ModelState.RUNNING : ModelState.PAUSED), model("busy", ModelState.DEAD));
        }
        long records = world.store.keySet().stream()
                .filter(key -> key.startsWith(Keys.JOURNAL_PREFIX))
                .count();
        assertThat(records).isLessThan(26_000);
        Transition before = world.packageEntry("still").state().history().latest();
        assertThat(world.restart()).as("its fence").isOne();
        assertThat(world.packageEntry("still").state().history().latest())
                .isEqualTo(before)
                .extracting(transition -> transition.cause())
                .asString()
                .contains("exit code 7");
        assertThat(world.modelEntry("busy").state().history().generation()).isEqualTo(60_000);
    }

    @Test
    void degraded_countsAsDeadIfConfigured() {
        CascadeRig wide = new CascadeRig(
                new Rules(
                        Set.of(0),
                        Duration.ZERO,
                        Duration.ZERO,
                        Duration.ZERO,
                        Rules.Vanished.DEAD,
                        Set.of(PackageState.ERROR, PackageState.DEGRADED),
                        true,
                        5),
                new Plan.TransactionLimits(128, 1 << 20, 1L << 40));
        wide.run(apply(packageYaml("braking", "brake", "light")));
        wide.run(report("HPC", "brake/b=running", "light/l=running"));
        wide.run(report("HPC", "light/l=running"));
        assertThat(wide.packageState("braking")).isEqualTo("PACKAGE_STATE_DEGRADED");
        assertThat(wide.value(Keys.reconcile("braking"))).isNotNull();
        assertThat(wide.modelState("brake")).isEqualTo("MODEL_STATE_DEAD");
    }

    private static Command model(String name, ModelState state) {
        return new Command.ModelChange(name, state, "id", "test");
    }
}
