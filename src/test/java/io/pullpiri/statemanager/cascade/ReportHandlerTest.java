// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Transition;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Which model a container counts for, and the causes that name containers. */
class ReportHandlerTest {

    private final CascadeRig world = new CascadeRig();

    private String cause(String model) {
        return world.lastCause(ResourceKind.MODEL, model);
    }

    // [utest->req~pkg-cause~1]
    @Test
    void modelCause_namesExactlyTheDecidingContainers() {
        world.run(report("n", "m/a=running", "m/b=exited:139", "m/c=paused"));
        assertThat(cause("m")).isEqualTo("container b on n: exit code 139");
        world.run(report("n", "m/a=running", "m/b=exited:0", "m/c=paused"));
        assertThat(cause("m")).isEqualTo("container a on n: running");
        world.run(report("n", "m/a=exited:1", "m/b=exited:2", "m/c=exited:3"));
        assertThat(cause("m")).isEqualTo("container a on n: exit code 1, and 2 more");
    }

    @Test
    void causeOfARunningModelWithoutRunningContainers_namesAllKnownContainers() {
        world.run(report("n", "m/a=paused", "m/b=exited:0", "m/c=nonsense"));
        assertThat(world.modelState("m")).isEqualTo("Running");
        assertThat(cause("m")).isEqualTo("container a on n: paused, and 1 more");
    }

    @Test
    void containerWithAnInvalidName_isIgnoredAndLogged() {
        world.run(report("n", "m/a=running", "m/a?=running", "m?/b=running"));
        assertThat(world.notices())
                .satisfiesExactlyInAnyOrder(
                        said -> assertThat(said).contains("a container on node n: its name"),
                        said -> assertThat(said).contains("container b on node n: the model it states has"));
        assertThat(world.keys()).filteredOn(key -> key.startsWith("/model/")).containsExactly(Keys.modelState("m"));
    }

    @Test
    void packageCreatedWhileStopped_findsItsContainersByName() {
        world.run(report("n", "/brake_ctl=running"), report("o", "/brake_log=exited:1"));
        assertThat(world.modelState("brake")).isNull();
        world.foreignUnseen(Keys.artifact("Package", "braking"), packageYaml("braking", "brake"));
        world.restart();
        assertThat(world.modelState("brake")).isEqualTo("Dead");
        assertThat(world.packageState("braking")).isEqualTo("Error");
    }

    @Test
    void containerThatStatesItsModel_isNoLongerMatchedByName() {
        world.run(report("n", "/brake_ctl=running"));
        world.run(report("n", "other/brake_ctl=running"));
        world.run(apply(packageYaml("braking", "brake")));
        assertThat(world.modelState("brake")).isNull();
        assertThat(world.modelEntry("other").containers()).containsOnlyKeys("n");
    }

    @Test
    void containerThatStopsStatingItsModel_isMatchedByName() {
        world.run(report("n", "other/brake_ctl=running"));
        world.run(report("n", "/brake_ctl=running"));
        world.run(apply(packageYaml("braking", "brake")));
        assertThat(world.modelState("brake")).isEqualTo("Running");
    }

    @Test
    void container_isMissingUntilExactlyTheEndOfItsGracePeriod() {
        world.run(report("n", "m/a=running", "m/b=exited:1"));
        world.run(report("n", "m/a=running"));
        long ends =
                world.now().monotonicNanos() + CascadeRig.RULES.vanishGrace().toNanos();
        world.pass(Duration.ofNanos(ends - world.now().monotonicNanos() - 1_000_001));
        world.run(new Command.Tick());
        assertThat(world.modelState("m")).isEqualTo("Dead");
        // Each call of run() takes a millisecond: all but one nanosecond of it is subtracted.
        world.pass(Duration.ofNanos(-999_999));
        world.run(new Command.Tick());
        assertThat(world.now().monotonicNanos()).isEqualTo(ends);
        assertThat(world.modelState("m")).isEqualTo("Running");
    }

    @Test
    void lastKnownModelState_isStoredWithEveryNodeOfItsContainers() {
        world.run(apply(packageYaml("p", "m")));
        world.run(report("a", "m/1=exited:0"), report("b", "m/2=running"));
        world.run(report("b", "m/2=nonsense"));
        world.run(report("a", "m/1=nonsense"));
        world.run(report("a"));
        world.pass(CascadeRig.RULES.vanishGrace());
        world.run(new Command.Tick());
        world.foreign(Keys.modelState("m"), "Dead");
        world.restart();
        world.run(report("b", "m/2=exited:0"));
        assertThat(world.modelState("m"))
                .as("another component wrote the state: the last known state stays")
                .isEqualTo("Dead");
    }

    @Test
    void transition_hasTheDurationOfTheStateBefore() {
        world.run(report("n", "m/a=running"));
        long since = world.now().wallNanos();
        world.pass(Duration.ofSeconds(5));
        world.run(report("n", "m/a=paused"));
        assertThat(world.transitions)
                .extracting(Transition::durationMillis)
                .containsExactly(
                        0L, Duration.ofNanos(world.now().wallNanos() - since).toMillis());
    }

    // [utest->req~pkg-unreported-model~1]
    @Test
    void package_countsItsModelsWithAState() {
        world.run(apply(packageYaml("p", "a", "b")));
        world.run(report("n", "a/1=running"));
        world.run(report("n", "a/1=paused"));
        world.run(new Command.ModelChange("b", ModelState.DEAD, "id", "test"));
        assertThat(world.packageEntry("p").modelsWithState()).isEqualTo(2);
        world.foreign(Keys.modelState("b"), null);
        assertThat(world.packageEntry("p").modelsWithState()).isEqualTo(1);
    }

    // [utest->req~lst-unmatched~1]
    @Test
    void containersThatCountForNoPackage_areUnmatched() {
        world.run(apply(packageYaml("p", "brake")));
        world.run(report("n", "/brake_ctl=running", "brake/x=running", "brke/y=running", "/stray=running"));
        assertThat(world.view.unmatched(world.node("n")))
                .extracting(Container::name)
                .containsExactly("stray", "y");
        world.run(apply(packageYaml("q", "brke")));
        assertThat(world.view.unmatched(world.node("n")))
                .extracting(Container::name)
                .containsExactly("stray");
    }

    // [utest->req~lst-unmatched~1]
    @Test
    void packageBrokenWithoutGood_leavesOnlyContainersWithoutAModelUnmatched() {
        world.run(report("n", "brke/y=running", "/stray=running"));
        world.foreignUnseen(Keys.artifact("Package", "p"), "kind: [");
        world.restart();
        assertThat(world.view.unmatched(world.node("n")))
                .extracting(Container::name)
                .containsExactly("stray");
    }

    @Test
    void timeOfTheLastReport_isKnownAfterARestart() {
        world.run(report("n", "m/a=running"));
        long stored = world.now().wallMillis();
        assertThat(world.node("n").reportedMillis()).isEqualTo(stored);
        world.pass(Duration.ofSeconds(5));
        long revision = world.revision(Keys.node("n"));
        world.run(report("n", "m/a=running"));
        assertThat(world.node("n").reportedMillis())
                .isEqualTo(world.now().wallMillis())
                .isGreaterThan(stored);
        assertThat(world.revision(Keys.node("n")))
                .as("a new time alone is not written")
                .isEqualTo(revision);
        world.restart();
        assertThat(world.node("n").reportedMillis()).isEqualTo(stored);
    }

    @Test
    void recordOfAnOlderVersion_hasNoTimeOfTheLastReport() {
        world.foreignUnseen(Keys.node("n"), """
                {"containers":[{"name":"a","id":"1","label":"m","model":"m","state":"DEAD","exitCode":139}]}""");
        world.restart();
        assertThat(world.node("n").reportedMillis()).isZero();
        assertThat(world.node("n").damaged()).isFalse();
    }
}
