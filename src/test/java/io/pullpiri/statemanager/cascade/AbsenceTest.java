// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.delete;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Absence;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.ResourceKind;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a container counts for when lists of its node leave it out. */
class AbsenceTest {

    private final CascadeRig world = new CascadeRig();

    @BeforeEach
    void namedModel() {
        world.run(apply(packageYaml("p", "m")));
    }

    private void passMillis(long millis) {
        world.pass(Duration.ofMillis(millis));
        world.run(new Command.Tick());
    }

    private Container container() {
        return Objects.requireNonNull(world.node("n").containers().get("a"));
    }

    /**
     * @param lists lists that leave the running container out, with the time in seconds before each: {@code -} is an empty
     *     list, {@code +} one with another container
     * @param gone when the container is gone, in seconds after the first of these lists
     */
    // [utest->req~lst-grace~2]
    // [utest->req~lst-empty~1]
    @ParameterizedTest(name = "{0}: gone after {1} s")
    @CsvSource({
        "+, 3",
        "-, 30",
        "+ 1 +, 3",
        "- 1 -, 30",
        "- 20 -, 30",
        "- 1 +, 4",
        "- 26 +, 29",
        "- 29 +, 30",
        "+ 1 -, 3",
        "- 1 - 1 +, 5"
    })
    void absentContainer_isGoneAtTheEarlierOfBothGracePeriods(String lists, int gone) {
        world.run(report("n", "m/a=running"));
        long millis = 0;
        for (String step : lists.split(" ", -1)) {
            switch (step) {
                case "-" -> world.run(report("n"));
                case "+" -> world.run(report("n", "/other=running"));
                default -> {
                    passMillis(Integer.parseInt(step) * 1_000L);
                    millis += Integer.parseInt(step) * 1_000L;
                }
            }
        }
        passMillis(gone * 1_000L - millis - 100);
        assertThat(world.modelState("m")).isEqualTo("Running");
        passMillis(100);
        assertThat(world.modelState("m")).isEqualTo("Exited");
    }

    // [utest->req~lst-empty~1]
    @ParameterizedTest
    @ValueSource(strings = {"/other=running", "m?/b=running", "/0123456789ab-infra=running"})
    void listWithAnyContainer_isNotEmpty(String other) {
        world.run(report("n", "m/a=running"), report("n", other));
        passMillis(3_000);
        assertThat(world.modelState("m")).isEqualTo("Exited");
    }

    // [utest->req~lst-empty~1]
    @Test
    void listThatNamesTheContainerAgain_endsBothGracePeriods() {
        world.run(report("n", "m/a=running"), report("n"), report("n", "/other=running"));
        passMillis(2_000);
        world.run(report("n", "m/a=running"));
        passMillis(60_000);
        world.run(report("n"));
        passMillis(29_000);
        assertThat(world.history(ResourceKind.MODEL, "m")).containsExactly(">Running");
    }

    // [utest->req~lst-grace~2]
    @Test
    void gracePeriod_goesOnOverARestartWithTheTimeThatIsLeft() {
        world.run(report("n", "m/a=running"), report("n"));
        world.pass(Duration.ofSeconds(20));
        world.restart();
        passMillis(9_900);
        assertThat(world.modelState("m")).isEqualTo("Running");
        passMillis(100);
        assertThat(world.modelState("m")).isEqualTo("Exited");
    }

    // [utest->req~lst-grace~2]
    @ParameterizedTest
    @CsvSource({"'', 30", "/other=running, 3"})
    void clockThatJumpedBack_doesNotMakeAGracePeriodLongerThanItsSetting(String other, int seconds) {
        world.run(report("n", "m/a=running"));
        world.run(other.isEmpty() ? report("n") : report("n", other));
        String record = Objects.requireNonNull(world.value(Keys.node("n")));
        long goneAt = container().goneAtMillis();
        world.foreignUnseen(Keys.node("n"), record.replace(String.valueOf(goneAt), String.valueOf(goneAt + 3_600_000)));
        world.restart();
        passMillis(seconds * 1_000L);
        assertThat(world.modelState("m")).isEqualTo("Exited");
    }

    @Test
    void recordOfAnOlderVersion_givesAWholeGracePeriod() {
        world.run(report("n", "m/a=running"));
        world.foreignUnseen(Keys.node("n"), """
                {"containers":[{"name":"a","model":"m","label":"m","state":"RUNNING","absentSinceMillis":7}],"recognized":true}""");
        world.restart();
        assertThat(container().absence()).isEqualTo(Absence.LEFT_OUT);
        passMillis(2_900);
        assertThat(world.modelState("m")).isEqualTo("Running");
        passMillis(100);
        assertThat(world.modelState("m")).isEqualTo("Exited");
    }

    // [utest->req~lst-stop~1]
    @ParameterizedTest(name = "{0}, removed after {1} s: {2}")
    @CsvSource({
        "exited:137, 1, Exited",
        "exited:137, 14, Exited",
        "exited:137, 16, Dead",
        "exited:137:oom, 1, Dead",
        "exited:139, 1, Dead",
        "exited:1, 1, Dead",
        "dead:137, 1, Exited",
        "dead, 1, Dead",
        "stopped:137, 1, Exited"
    })
    void deadContainerThatIsRemoved_countsAsStoppedOnPurposeByCodeAndTime(String state, int seconds, String expected) {
        world.run(report("n", "m/a=running"), report("n", "m/a=" + state));
        assertThat(world.modelState("m")).isEqualTo("Dead");
        passMillis(seconds * 1_000L);
        world.run(report("n", "/other=running"));
        passMillis(2_900);
        assertThat(world.modelState("m")).as("until its grace period ends").isEqualTo("Dead");
        passMillis(100);
        assertThat(world.modelState("m")).isEqualTo(expected);
        assertThat(world.packageState("p")).isEqualTo(expected.equals("Dead") ? "Error" : expected);
        passMillis(86_400_000);
        world.restart();
        assertThat(world.modelState("m")).isEqualTo(expected);
    }

    // [utest->req~lst-stop~1]
    @ParameterizedTest(name = "model.vanished={0}: {1}")
    @CsvSource({"EXITED, Exited", "DEAD, Dead", "KEEP, Running"})
    void lastContainerStoppedOnPurpose_leavesTheModelAsVanished(Rules.Vanished setting, String expected) {
        Rules rules = CascadeRig.RULES;
        CascadeRig configured = new CascadeRig(
                new Rules(
                        Set.of(0),
                        rules.vanishGrace(),
                        rules.emptyGrace(),
                        rules.stopWindow(),
                        setting,
                        rules.reconcileOn(),
                        rules.protobufNames(),
                        rules.historyLimit()),
                new Plan.TransactionLimits(128, 1 << 20, 1L << 40));
        configured.run(apply(packageYaml("p", "m")), report("n", "m/a=exited:143"), report("n", "/other=running"));
        configured.pass(rules.vanishGrace());
        configured.run(new Command.Tick());
        assertThat(configured.modelState("m")).isEqualTo(expected);
        assertThat(configured.lastCause(ResourceKind.MODEL, "m"))
                .isEqualTo(
                        setting == Rules.Vanished.DEAD
                                ? "container a on n: exit code 143"
                                : "its last container was stopped and is gone");
    }

    // [utest->req~lst-stop~1]
    @Test
    void emptyList_doesNotProveAStop_butALaterListInTimeDoes() {
        world.run(report("n", "m/a=exited:137"), report("n"));
        passMillis(10_000);
        assertThat(container().absence()).isEqualTo(Absence.MISSED);
        world.run(report("n", "/other=running"));
        assertThat(container().absence()).isEqualTo(Absence.STOPPED);
        world.run(report("n"));
        passMillis(3_000);
        assertThat(world.modelState("m")).isEqualTo("Exited");
    }

    // [utest->req~lst-stop~1]
    // [utest->req~lst-removed~1]
    @Test
    void deadContainerThatOnlyEmptyListsLeaveOut_staysDead() {
        world.run(report("n", "m/a=exited:137"), report("n"));
        passMillis(60_000);
        assertThat(container().absence()).isEqualTo(Absence.REMOVED);
        assertThat(world.modelState("m")).isEqualTo("Dead");
    }

    // [utest->req~lst-stop~1]
    @Test
    void stopWindow_goesOnOverARestart() {
        world.run(report("n", "m/a=exited:137"));
        world.pass(Duration.ofSeconds(10));
        world.restart();
        world.pass(Duration.ofSeconds(6));
        world.run(report("n", "/other=running"));
        passMillis(3_000);
        assertThat(world.modelState("m")).isEqualTo("Dead");
    }

    // [utest->req~lst-stop~1]
    @Test
    void containerThatRanAgainInBetween_hasANewStopWindow() {
        world.run(report("n", "m/a=exited:137"));
        passMillis(20_000);
        world.run(report("n", "m/a=running"), report("n", "m/a=exited:137"), report("n", "/other=running"));
        passMillis(3_000);
        assertThat(world.modelState("m")).isEqualTo("Exited");
    }

    // [utest->req~lst-stop~1]
    @Test
    void modelWithAnotherContainer_hasItsStateAfterAStop() {
        world.run(report("n", "m/a=exited:137", "m/b=running"), report("n", "m/b=running"));
        passMillis(3_000);
        assertThat(world.modelState("m")).isEqualTo("Running");
        world.run(report("n", "m/a=exited:137", "m/b=exited:1"), report("n", "/other=running"));
        passMillis(3_000);
        assertThat(world.modelState("m")).as("b was not stopped on purpose").isEqualTo("Dead");
    }

    // [utest->req~lst-removed~1]
    @Test
    void removedDeadContainer_keepsAModelDeadThatHasAnotherContainer() {
        world.run(report("n", "m/a=exited:1", "m/b=running"), report("n", "m/b=running"));
        passMillis(3_000);
        assertThat(world.modelState("m")).isEqualTo("Dead");
        world.restart();
        passMillis(86_400_000);
        assertThat(world.modelState("m")).isEqualTo("Dead");
        world.run(report("n", "m/b=paused"));
        assertThat(world.modelState("m")).isEqualTo("Dead");
        world.run(report("n", "m/a=running", "m/b=running"));
        assertThat(world.modelState("m")).isEqualTo("Running");
        assertThat(container().absent()).isFalse();
    }

    // [utest->req~lst-removed~1]
    @Test
    void containerOfItsNameAndModelOnAnotherNode_replacesARemovedOne() {
        world.run(report("n", "m/a=exited:1"), report("n", "/other=running"));
        passMillis(3_000);
        world.run(report("o", "m/b=running", "k/a=running"));
        assertThat(world.modelState("m")).as("another name, another model").isEqualTo("Dead");
        world.run(report("o", "m/a=running"));
        assertThat(world.modelState("m")).isEqualTo("Running");
        assertThat(world.node("n").containers()).containsOnlyKeys("other");
        assertThat(world.history(ResourceKind.MODEL, "m")).containsExactly(">Dead", "Dead>Running");
        int transactions = world.restart();
        assertThat(transactions).as("nothing is left to repair").isOne();
    }

    // [utest->req~lst-removed~1]
    @Test
    void deadContainerThatRunsOnAnotherNodeAlready_isDropped() {
        world.run(report("n", "m/a=exited:1"), report("o", "m/a=running"), report("n", "/other=running"));
        assertThat(world.modelState("m")).isEqualTo("Dead");
        passMillis(3_000);
        assertThat(world.modelState("m")).isEqualTo("Running");
    }

    // [utest->req~lst-removed~1]
    @Test
    void modelThatNoPackageNames_losesItsRemovedContainers() {
        world.run(report("n", "m/a=exited:1", "m/b=exited:0", "/m_c=exited:1"), report("n", "m/b=exited:0"));
        passMillis(3_000);
        assertThat(world.node("n").containers()).containsOnlyKeys("a", "b", "m_c");
        world.run(delete(packageYaml("p", "m")));
        assertThat(world.node("n").containers()).containsOnlyKeys("b");
        assertThat(world.modelState("m")).isEqualTo("Exited");
    }

    // [utest->req~lst-removed~1]
    @Test
    void packageDeletedWhileStopped_losesItsRemovedContainersAtTheStart() {
        world.run(report("n", "m/a=exited:1"), report("n", "/other=running"));
        passMillis(3_000);
        world.foreignUnseen(Keys.artifact("Package", "p"), null);
        world.restart();
        assertThat(world.node("n").containers()).containsOnlyKeys("other");
        assertThat(world.modelState("m")).isNull();
    }

    // [utest->req~lst-removed~1]
    @Test
    void containerOfAModelThatNoPackageNames_isGoneAfterItsGracePeriod() {
        world.run(report("n", "k/a=exited:1"), report("n", "/other=running"));
        passMillis(3_000);
        assertThat(world.node("n").containers()).containsOnlyKeys("other");
    }

    // [utest->req~lst-removed~1]
    @Test
    void podWithEverNewNames_keepsItsNewestRemovedContainersOnly() {
        List<String> names =
                IntStream.range(0, 40).mapToObj(i -> "a%02d".formatted(i)).toList();
        for (String name : names) {
            world.run(report("n", "m/" + name + "=exited:1"));
            passMillis(1_000);
        }
        world.run(report("n", "/other=running"));
        passMillis(3_000);
        assertThat(world.node("n").containers().keySet())
                .hasSize(AbsentContainers.MOST_REMOVED + 1)
                .containsAll(names.subList(names.size() - AbsentContainers.MOST_REMOVED, names.size()));
        assertThat(world.modelState("m")).isEqualTo("Dead");
        assertThat(world.notices.getLast().kind()).isEqualTo("removed-containers");
        assertThat(world.notices.getLast().reason()).isEqualTo("model");
    }

    // [utest->req~lst-removed~1]
    @Test
    void forgottenNode_losesItsRemovedContainers() {
        world.run(report("n", "m/a=exited:1", "m/b=running"), report("o", "m/c=running"), report("n", "m/b=running"));
        passMillis(3_000);
        world.run(new Command.ForgetNode("n", true, "test"));
        assertThat(world.modelState("m")).isEqualTo("Running");
    }

    @Test
    void causeOfARemovedContainer_saysSo() {
        world.run(report("n", "m/a=exited:1", "m/b=running"), report("n", "m/b=running"));
        passMillis(3_000);
        assertThat(container().description()).isEqualTo("exit code 1, removed");
    }
}
