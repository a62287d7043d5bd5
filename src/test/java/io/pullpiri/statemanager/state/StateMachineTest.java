// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Compares the rules with the specification's tables: one predicate over a list for each sentence. It shares no code with the
 * code under test.
 */
class StateMachineTest {

    private static final Set<Integer> CLEAN = Set.of(0, 143);

    // [utest->req~pkg-paused~1]
    // [utest->req~pkg-exited~1]
    // [utest->req~pkg-degraded~1]
    // [utest->req~pkg-error~1]
    // [utest->req~pkg-running~1]
    @Test
    void anySixModels_giveTheStateOfTable41() {
        List<List<String>> all = multisets(List.of("created", "paused", "exited", "dead", "running"), 6);
        assertThat(all).hasSize(462 - 1);
        for (List<String> models : all) {
            List<ModelState> states = models.stream().map(word -> parse(word)).toList();
            String expected = packageByTheTable(models);
            assertThat(StateMachine.packageState(states).title())
                    .as("%s", models)
                    .isEqualTo(expected);
            assertThat(StateMachine.packageState(StateCounts.of(ModelState.class, states.reversed()))
                            .title())
                    .as("%s", models)
                    .isEqualTo(expected);
        }
    }

    private static ModelState parse(String word) {
        ModelState state = ModelState.parse(word);
        assertThat(state).as(word).isNotNull();
        return state == null ? ModelState.CREATED : state;
    }

    /** The conditions of table 4.1 that hold, row by row. */
    private static String packageByTheTable(List<String> models) {
        List<String> holds = new ArrayList<>();
        if (models.stream().noneMatch(model -> !model.equals("paused"))) {
            holds.add("Paused"); // every model is paused
        }
        if (models.stream().noneMatch(model -> !model.equals("exited"))) {
            holds.add("Exited"); // every model is exited
        }
        boolean oneDead = models.contains("dead");
        boolean oneAlive = models.stream().anyMatch(model -> !model.equals("dead"));
        if (oneDead && oneAlive) {
            holds.add("Degraded"); // at least one model is dead, but not every model
        }
        if (!oneAlive) {
            holds.add("Error"); // every model is dead
        }
        assertThat(holds).as("the conditions are exclusive: %s", models).hasSizeLessThanOrEqualTo(1);
        return holds.isEmpty() ? "Running" : holds.getFirst();
    }

    // [utest->req~pkg-paused~1]
    @Test
    void packageWithoutModels_meetsNoConditionOnAllModels() {
        assertThat(StateMachine.packageState(List.of())).isEqualTo(PackageState.RUNNING);
    }

    // [utest->req~mdl-created~1]
    // [utest->req~mdl-dead~1]
    // [utest->req~mdl-paused~1]
    // [utest->req~mdl-exited~1]
    // [utest->req~mdl-running~1]
    // [utest->req~mdl-unknown~1]
    @Test
    void anyFiveContainers_giveTheStateOfTheTable() {
        List<String> kinds = List.of(
                "created:0",
                "initialized:0",
                "running:0",
                "paused:0",
                "exited:0",
                "exited:143",
                "exited:1",
                "exited:137",
                "dead:0",
                "strange:0",
                "exited:abc");
        List<List<String>> all = multisets(kinds, 5);
        assertThat(all).hasSize(4368 - 1);
        for (List<String> containers : all) {
            List<ContainerState> states = containers.stream()
                    .map(text -> StateMachine.containerState(podman(text), CLEAN))
                    .toList();
            ModelState derived = StateMachine.modelState(StateCounts.of(ContainerState.class, states));
            assertThat(derived == null ? null : derived.title())
                    .as("%s", containers)
                    .isEqualTo(modelByTheTable(containers));
        }
    }

    private static @Nullable String modelByTheTable(List<String> containers) {
        List<String> known = containers.stream()
                .filter(text -> !text.startsWith("strange") && !text.endsWith("abc"))
                .toList();
        if (known.isEmpty()) {
            return null; // nothing is known, so nothing is concluded
        }
        Set<String> deadOnes = Set.of("exited:1", "exited:137", "dead:0");
        if (known.stream().anyMatch(deadOnes::contains)) {
            return "Dead"; // at least one container is dead
        }
        if (known.stream().allMatch(text -> text.startsWith("paused"))) {
            return "Paused"; // every container is paused
        }
        if (known.stream().allMatch(text -> text.startsWith("exited"))) {
            return "Exited"; // every container is exited
        }
        return "Running";
    }

    private static Map<String, String> podman(String text) {
        String[] parts = text.split(":", -1);
        return Map.of("Status", parts[0], "ExitCode", parts[1], "OOMKilled", "false");
    }

    // [utest->req~con-status~1]
    // [utest->req~con-exit-code~1]
    // [utest->req~con-oom~1]
    @ParameterizedTest(name = "{0}, code {1}, OOM {2}: {3}")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
                    created     | 0    | false | CREATED
                    configured  | 0    | false | CREATED
                    initialized | 0    | false | INITIALIZED
                    running     | 0    | false | RUNNING
                    RUNNING     | 0    | false | RUNNING
                    Running     | -    | -     | RUNNING
                    stopping    | 0    | false | RUNNING
                    restarting  | 1    | false | RUNNING
                    paused      | 0    | false | PAUSED
                    exited      | 0    | false | EXITED
                    exited      | -    | false | EXITED
                    exited      | ''   | false | EXITED
                    exited      | 143  | false | EXITED
                    exited      | 1    | false | DEAD
                    exited      | 139  | false | DEAD
                    exited      | -1   | false | DEAD
                    stopped     | 0    | false | EXITED
                    stopped     | 137  | false | DEAD
                    removing    | 0    | false | EXITED
                    removing    | 2    | false | DEAD
                    dead        | 0    | false | DEAD
                    exited      | 0    | true  | DEAD
                    exited      | 137  | True  | DEAD
                    exited      | ten  | false | UNKNOWN
                    running     | ten  | false | UNKNOWN
                    exited      | 2147483648 | false | DEAD
                    exited      | -99999999999999999999 | false | DEAD
                    exited      | 000  | false | EXITED
                    exited      | +143 | false | EXITED
                    exited      | -143 | false | DEAD
                    exited      | 1.0  | false | UNKNOWN
                    exited      | ' 1' | false | UNKNOWN
                    exited      | -    | true  | DEAD
                    exited      | ten  | true  | DEAD
                    stopped     | 143  | true  | DEAD
                    removing    | 0    | true  | DEAD
                    running     | 137  | true  | RUNNING
                    running     | 1    | false | RUNNING
                    stopping    | 0    | true  | RUNNING
                    restarting  | 137  | true  | RUNNING
                    paused      | 137  | true  | PAUSED
                    created     | 137  | true  | CREATED
                    initialized | 0    | true  | INITIALIZED
                    unknown     | 137  | true  | UNKNOWN
                    bad state   | 0    | true  | UNKNOWN
                    healthy     | 0    | false | UNKNOWN
                    ''          | 0    | false | UNKNOWN
                    -           | 0    | false | UNKNOWN
                    """)
    void everyPodmanStatus_hasAState(
            @Nullable String status, @Nullable String exitCode, @Nullable String oom, ContainerState expected) {
        Map<String, String> podman = new TreeMap<>();
        if (status != null) {
            podman.put("Status", status);
        }
        if (exitCode != null) {
            podman.put("ExitCode", exitCode);
        }
        if (oom != null) {
            podman.put("OOMKilled", oom);
        }
        assertThat(StateMachine.containerState(podman, CLEAN)).isEqualTo(expected);
    }

    // [utest->req~con-exit-code~1]
    @Test
    void cleanExitCodes_areConfigurable() {
        Map<String, String> killed = Map.of("Status", "exited", "ExitCode", "137");
        assertThat(StateMachine.containerState(killed, Set.of(137))).isEqualTo(ContainerState.EXITED);
        Map<String, String> ended = Map.of("Status", "exited", "ExitCode", "0");
        assertThat(StateMachine.containerState(ended, Set.of(137)))
                .as("dead is a code other than 0")
                .isEqualTo(ContainerState.EXITED);
    }

    // [utest->req~scn-steps~2]
    @Test
    void scenarioStep_isAllowedExactlyAsTheChainSays() {
        Set<String> allowed = Set.of(
                "Idle>Waiting", "Waiting>Satisfied", "Satisfied>Allowed", "Satisfied>Denied", "Allowed>Completed");
        for (ScenarioState from : ScenarioState.values()) {
            for (ScenarioState to : ScenarioState.values()) {
                String step = from.title() + ">" + to.title();
                assertThat(StateMachine.mayStep(from, to)).as(step).isEqualTo(allowed.contains(step));
            }
        }
    }

    @Test
    void stateName_isReadInAnyCaseWithOrWithoutThePrefix() {
        for (String spelling :
                List.of("Degraded", "degraded", "DEGRADED", "PACKAGE_STATE_DEGRADED", "package_state_Degraded")) {
            assertThat(PackageState.parse(spelling)).as(spelling).isEqualTo(PackageState.DEGRADED);
        }
        for (String spelling : List.of("", " Degraded", "dead", "MODEL_STATE_DEGRADED", "UNSPECIFIED", "4")) {
            assertThat(PackageState.parse(spelling)).as(spelling).isNull();
        }
        assertThat(ModelState.DEAD.protobufName()).isEqualTo("MODEL_STATE_DEAD");
        assertThat(ScenarioState.parse("SCENARIO_STATE_IDLE")).isEqualTo(ScenarioState.IDLE);
    }

    /** All multisets of 1 to {@code most} of the kinds. */
    private static List<List<String>> multisets(List<String> kinds, int most) {
        List<List<String>> all = new ArrayList<>();
        grow(kinds, 0, most, new ArrayList<>(), all);
        return all;
    }

    private static void grow(List<String> kinds, int from, int left, List<String> chosen, List<List<String>> all) {
        if (!chosen.isEmpty()) {
            all.add(List.copyOf(chosen));
        }
        for (int i = from; i < kinds.size() && left > 0; i++) {
            chosen.addLast(kinds.get(i));
            grow(kinds, i, left - 1, chosen, all);
            chosen.removeLast();
        }
    }
}
