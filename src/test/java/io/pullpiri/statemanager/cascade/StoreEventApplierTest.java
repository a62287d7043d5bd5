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

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writes of other components, and watch events that are late, repeated, or about StateManager's own writes. */
class StoreEventApplierTest {

    private static final String DRIVE = Keys.scenarioState("drive");
    private static final String BRAKE = Keys.modelState("brake");
    private static final String BRAKING = Keys.artifact("Package", "braking");

    private final CascadeRig world = new CascadeRig();

    private void watch(String key, @Nullable String value, long revision) {
        world.run(new Command.StoreEvents(List.of(new WatchEvent(key, value, revision)), false));
    }

    private void read(String key, @Nullable String value, long revision) {
        world.run(new Command.StoreEvents(List.of(new WatchEvent(key, value, revision)), true));
    }

    private @Nullable ScenarioState drive() {
        ScenarioEntry entry = world.view.scenarios().get("drive");
        return entry == null ? null : entry.state().value();
    }

    @Test
    void scenarioStateWrittenByAnotherComponent_isAccepted() {
        world.foreign(DRIVE, "Waiting");
        assertThat(drive()).isEqualTo(ScenarioState.WAITING);
        world.foreign(DRIVE, "SCENARIO_STATE_SATISFIED");
        assertThat(drive()).isEqualTo(ScenarioState.SATISFIED);
        assertThat(world.history(ResourceKind.SCENARIO, "drive")).containsExactly(">Waiting", "Waiting>Satisfied");
        assertThat(world.causes()).containsOnly("written into the store by another component");
        assertThat(world.notices()).isEmpty();
    }

    @Test
    void modelStateWrittenByAnotherComponent_isRecordedWithItsSource() {
        world.foreign(BRAKE, "Dead");
        assertThat(world.lastCause(ResourceKind.MODEL, "brake"))
                .isEqualTo("written into the store by another component");
        world.foreign(BRAKE, null);
        assertThat(world.lastCause(ResourceKind.MODEL, "brake")).isEqualTo("its key was deleted");
        assertThat(world.transitions).extracting(Transition::source).containsOnly(Transition.BY_STORE);
    }

    // [utest->req~bad-store~1]
    @Test
    void invalidScenarioState_isIgnored() {
        world.foreign(DRIVE, "Waiting");
        world.foreign(DRIVE, "Wating");
        assertThat(drive()).isEqualTo(ScenarioState.WAITING);
        assertThat(world.notices())
                .containsExactly(
                        "scenario drive: its key holds 'Wating' (expected: a state of a scenario); it is ignored");
    }

    // [utest->req~scn-artifact~1]
    @Test
    void scenarioWithADeletedKey_isGoneOrIdleIfItHasAnArtifact() {
        world.foreign(DRIVE, "Waiting");
        world.foreign(DRIVE, null);
        assertThat(world.view.scenarios()).isEmpty();
        assertThat(world.lastCause(ResourceKind.SCENARIO, "drive")).isEqualTo("its key was deleted");

        world.run(apply(scenarioYaml("drive", "braking")));
        world.foreign(DRIVE, "Waiting");
        world.foreign(DRIVE, null);
        assertThat(world.scenarioState("drive")).isEqualTo("Idle");
        assertThat(world.lastCause(ResourceKind.SCENARIO, "drive")).isEqualTo("its artifact is there");
    }

    @Test
    void artifactsWrittenByAnotherComponent_takeEffect() {
        world.foreign(BRAKING, packageYaml("braking", "brake"));
        world.foreign(Keys.artifact("Scenario", "drive"), scenarioYaml("drive", "braking"));
        world.foreign(Keys.artifact("Model", "brake"), "whatever it is");
        assertThat(world.packageState("braking")).isEqualTo("Idle");
        assertThat(world.scenarioState("drive")).isEqualTo("Idle");
        assertThat(world.view.scenariosOf("braking")).containsExactly("drive");
        assertThat(world.modelEntry("brake").artifactText().value()).isEqualTo("whatever it is");

        world.foreign(BRAKING, null);
        world.foreign(Keys.artifact("Scenario", "drive"), null);
        world.foreign(Keys.artifact("Model", "brake"), null);
        assertThat(world.states()).isEmpty();
        assertThat(world.view.models()).isEmpty();
        assertThat(world.view.scenariosOf("braking")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Scenario", "Package"})
    void brokenArtifactThatWasNeverGood_hasNoLastGoodOne(String kind) {
        world.foreign(Keys.artifact(kind, "x"), "kind: " + kind);

        assertThat(world.notices())
                .containsExactly(kind
                        + "/x is broken, and no good one is known: metadata.name: missing (expected: a name, as text)");
    }

    @Test
    void storedArtifactWithInvisibleCharacters_isUsedWithAWarning() {
        String name = "a\u200Bb";
        world.foreign(Keys.artifact("Package", name), packageYaml(name, "m", "\u202Em"));
        String warning = "the stored Package/" + name + " has the name '" + name
                + "', which has the invisible character U+200B (expected: visible ones and plain spaces);"
                + " it stays valid, but new artifacts with it are refused";

        assertThat(world.packageState(name)).isEqualTo("Idle");
        assertThat(world.packageEntry(name).modelNames()).containsExactly("m", "\u202Em");
        assertThat(world.notices()).containsExactly(warning);
        world.restart();
        assertThat(world.packageState(name)).isEqualTo("Idle");
        assertThat(world.notices()).contains(warning);
    }

    @Test
    void brokenScenarioArtifact_leavesTheLastGoodOneInForce() {
        world.run(apply(scenarioYaml("drive", "braking")));
        world.foreign(Keys.artifact("Scenario", "drive"), scenarioYaml("other", "braking"));
        ScenarioEntry entry = Objects.requireNonNull(world.view.scenarios().get("drive"));
        assertThat(entry.target()).contains("braking");
        assertThat(entry.artifact().broken()).contains("Scenario/other");
        assertThat(world.notices())
                .singleElement()
                .asString()
                .startsWith("Scenario/drive is broken, the last good one stays in force: is Scenario/other");
        assertThat(world.view.scenarios()).containsOnlyKeys("drive");
    }

    @Test
    void packageStateWrittenByAnotherComponent_isRepaired() {
        world.run(apply(packageYaml("braking", "brake")));
        for (String wrong : new String[] {"Running", "no state\nat all", null}) {
            world.pass(Duration.ofSeconds(1));
            world.foreign(Keys.packageState("braking"), wrong);
            assertThat(world.packageState("braking")).isEqualTo("Idle");
        }
        assertThat(world.notices())
                .containsExactly(
                        "the state of package braking was overwritten with 'Running'; StateManager restores it",
                        "the state of package braking was overwritten with 'no state\\u{A}at all'; StateManager restores it",
                        "the state of package braking was deleted; StateManager restores it");
        assertThat(world.history(ResourceKind.PACKAGE, "braking")).containsExactly(">Idle");
    }

    // [utest->req~pkg-repair~1]
    @Test
    void stateOfAnUnknownPackage_isDeleted() {
        for (String ghost : List.of("Running", "nonsense")) {
            world.pass(Duration.ofSeconds(1));
            world.foreign(Keys.packageState("ghost"), ghost);
            assertThat(world.states()).isEmpty();
        }
        assertThat(world.view.packages()).isEmpty();
    }

    @Test
    void correctState_isNotRewritten() {
        world.run(apply(packageYaml("braking", "brake")));
        world.foreign(Keys.packageState("braking"), "Running");
        world.foreign(Keys.packageState("braking"), "Running");
        assertThat(world.view.overwritten()).containsExactly("braking");
        world.foreign(Keys.packageState("braking"), "Idle");
        assertThat(world.view.overwritten()).as("another component restored it").isEmpty();
        assertThat(Cascade.nextTick(world.view)).isEqualTo(Long.MAX_VALUE);
        long before = world.revision;
        world.foreign(Keys.packageState("braking"), "PACKAGE_STATE_IDLE");
        assertThat(world.revision).as("only the other component has written").isEqualTo(before + 1);
        assertThat(world.notices()).hasSize(2);
    }

    @Test
    void delayedRepair_isDoneExactlyAfterOneSecond() {
        world.run(apply(packageYaml("braking", "brake")));
        world.foreign(Keys.packageState("braking"), "Running");
        long repaired = world.now().monotonicNanos();
        world.foreign(Keys.packageState("braking"), "Error");
        assertThat(Cascade.nextTick(world.view))
                .isEqualTo(repaired + Duration.ofSeconds(1).toNanos());
        // Each call of run() takes a millisecond.
        world.pass(Duration.ofNanos(Cascade.nextTick(world.view) - world.now().monotonicNanos() - 1_000_000));
        world.run(new Command.Tick());
        assertThat(world.packageState("braking")).isEqualTo("Idle");
    }

    @Test
    void oldOrRepeatedEvent_isIgnored() {
        Map<String, String> older = Map.of(
                BRAKE,
                "Paused",
                DRIVE,
                "Waiting",
                Keys.packageState("braking"),
                "Error",
                BRAKING,
                packageYaml("braking", "light"),
                Keys.artifact("Scenario", "drive"),
                scenarioYaml("drive", "lights"),
                Keys.artifact("Model", "brake"),
                modelYaml("brake") + "\n# an older one");
        world.foreign(Keys.artifact("Scenario", "other"), scenarioYaml("other", "braking"));
        world.run(apply(packageYaml("braking", "brake"), scenarioYaml("drive", "braking"), modelYaml("brake")));
        world.run(report("HPC", "brake/ctl=running"));
        View before = world.view;
        assertThat(world.keys()).containsAll(older.keySet());
        older.forEach((key, value) -> {
            long known = world.revision(key);
            for (long revision : List.of(1L, known - 1, known)) {
                watch(key, value, revision);
                watch(key, null, revision);
                assertThat(world.view).as("%s at %s", key, revision).isEqualTo(before);
                assertThat(before.isEcho(new WatchEvent(key, value, revision))).isTrue();
            }
            assertThat(before.isEcho(new WatchEvent(key, value, known + 1)))
                    .as("newer")
                    .isFalse();
            assertThat(before.isEcho(new WatchEvent(key, null, known)))
                    .as("the loop handles deletions")
                    .isFalse();
        });
    }

    @Test
    void unwatchedAndUnknownKeys_areIgnored() {
        world.run(apply(packageYaml("braking", "brake")));
        View before = world.view;
        for (String key : List.of(Keys.reconcile("braking"), Keys.node("HPC"), Keys.journal(9), "/model/a/b/c", "x")) {
            watch(key, "Dead", world.revision + 1);
            assertThat(world.view).as(key).isEqualTo(before);
            assertThat(before.revision(key)).isZero();
        }
        for (String absent : List.of(BRAKE, DRIVE, Keys.packageState("lights"), Keys.artifact("Model", "light"))) {
            watch(absent, null, world.revision + 1);
            assertThat(world.view).as(absent).isEqualTo(before);
            assertThat(before.revision(absent)).isZero();
        }
    }

    /** StateManager deletes a key, and then the watch reports events from before the deletion. */
    @Test
    void eventFromBeforeOurDeletion_isIgnored() {
        world.run(new Command.ModelChange("brake", ModelState.RUNNING, "", "test"));
        long written = world.revision(BRAKE);
        world.run(apply(packageYaml("braking", "brake")), delete(packageYaml("braking")));
        long deleted = world.revision;
        assertThat(world.modelState("brake")).isNull();
        WatchEvent old = new WatchEvent(BRAKE, "Running", written);

        assertThat(world.view.isEcho(old))
                .as("the watch has not reported the deletion yet")
                .isFalse();
        for (long revision : List.of(written, deleted)) {
            watch(BRAKE, "Running", revision);
            assertThat(world.view.models()).isEmpty();
            assertThat(world.view.tombstones()).containsEntry(BRAKE, deleted);
        }
        watch(BRAKE, null, deleted);
        assertThat(world.view.tombstones()).doesNotContainKey(BRAKE);
        assertThat(world.view.models()).isEmpty();
    }

    @Test
    void eventFromAfterOurDeletion_isApplied() {
        world.run(new Command.ModelChange("brake", ModelState.RUNNING, "", "test"));
        world.run(apply(packageYaml("braking", "brake")), delete(packageYaml("braking")));
        assertThat(world.view.tombstones()).containsKey(BRAKE);
        world.foreign(BRAKE, "Dead");
        assertThat(world.view.modelState("brake")).isEqualTo(ModelState.DEAD);
        assertThat(world.view.tombstones()).doesNotContainKey(BRAKE);
    }

    @Test
    void stateReadAheadOfTheWatch_isNotUndoneByIt() {
        world.foreign(BRAKE, "Running");
        long first = world.revision;
        world.foreignUnseen(BRAKE, "Paused");
        world.foreignUnseen(BRAKE, null);
        read(BRAKE, null, world.revision);
        assertThat(world.view.models()).isEmpty();
        watch(BRAKE, "Paused", first + 1);
        assertThat(world.view.models()).isEmpty();
        watch(BRAKE, null, first + 2);
        assertThat(world.view.tombstones()).isEmpty();
        assertThat(world.history(ResourceKind.MODEL, "brake")).containsExactly(">Running", "Running>");

        world.foreignUnseen(BRAKE, "Dead");
        read(BRAKE, "Dead", world.revision);
        assertThat(world.view.modelState("brake")).isEqualTo(ModelState.DEAD);
        assertThat(world.view.tombstones()).isEmpty();
    }

    @Test
    void packageCause_isTheChangeThatLedToItsState() {
        world.run(apply(packageYaml("braking", "brake", "light")));
        assertThat(cause()).isEqualTo("its artifact appeared");
        world.run(report("HPC", "brake/a=running"));
        assertThat(cause()).isEqualTo("brake running (container a on HPC: running)");
        world.run(report("HPC", "brake/a=exited:1"));
        assertThat(cause()).isEqualTo("1 of 2 models dead: brake dead (container a on HPC: exit code 1)");
        world.run(report("HPC", "brake/a=exited:1", "light/b=dead"));
        assertThat(world.lastCause(ResourceKind.PACKAGE, "braking"))
                .isEqualTo("2 of 2 models dead: light dead (container b on HPC: dead)");
        assertThat(cause())
                .as("all models that are dead now")
                .isEqualTo(
                        "2 of 2 models dead: brake dead (container a on HPC: exit code 1), light dead (container b on HPC: dead)");
        world.run(report("HPC", "brake/a=exited:1", "light/b=paused"));
        assertThat(world.view.causeOf(PackageEntry.empty("ghost"))).isEmpty();
        assertThat(world.packageEntry("braking").state().value()).isEqualTo(PackageState.DEGRADED);
        assertThat(world.view.modelState("light")).isEqualTo(ModelState.PAUSED);
        assertThat(world.view.modelState("ghost")).isNull();
    }

    private String cause() {
        return world.view.causeOf(world.packageEntry("braking"));
    }
}
