// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.StateMachine;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.RecordCodec;
import io.pullpiri.statemanager.view.ResourceKind;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The details of a container that are shown, and facts of an earlier run that are not. */
class PodmanFactsTest {

    private static final String ERROR = "crun: executable file `app` not found in $PATH: No such file or directory";

    private final CascadeRig world = new CascadeRig();

    private static ContainerFacts container(Map<String, String> state) {
        return new ContainerFacts("0123456789abcdef", "/m_a", "image", state, Map.of(), Map.of("model", "m"));
    }

    private static Container read(Map<String, String> state) {
        PodmanFacts facts =
                PodmanFacts.of(StateMachine.containerState(state, CascadeRig.RULES.cleanExitCodes()), state);
        return new Container(
                "m_a",
                "0123456789ab",
                "m",
                "m",
                StateMachine.containerState(state, CascadeRig.RULES.cleanExitCodes()),
                facts.exitCode(),
                facts.podmanStatus(),
                facts.why(),
                0,
                0,
                null,
                false,
                0,
                0,
                0,
                null,
                0);
    }

    private void report(String status, String... facts) {
        Map<String, String> state = new HashMap<>(Map.of("Status", status));
        for (int i = 0; i < facts.length; i += 2) {
            state.put(facts[i], facts[i + 1]);
        }
        world.run(new Command.NodeReport("n", List.of(container(state))));
    }

    private String cause() {
        return world.view.causeOf(world.modelEntry("m"));
    }

    @ParameterizedTest(name = "{0}, code {1}: {2}")
    @CsvSource(delimiter = '|', textBlock = """
                    created     | 0   | created
                    configured  | 0   | created (podman: configured)
                    initialized | 0   | initialized
                    running     | 0   | running
                    Running     | 139 | running
                    stopping    | 0   | running (podman: stopping)
                    STOPPING    | 0   | running (podman: stopping)
                    restarting  | 1   | running (podman: restarting)
                    paused      | 1   | paused
                    exited      | 0   | exited
                    exited      | 143 | exited
                    stopped     | 0   | exited (podman: stopped)
                    removing    | 0   | exited (podman: removing)
                    exited      | 139 | exit code 139
                    stopped     | 139 | exit code 139 (podman: stopped)
                    removing    | 2   | exit code 2 (podman: removing)
                    dead        | 0   | dead
                    exited      | 2147483648 | exit code 2147483648
                    exited      | -007 | exit code -007
                    exited      | ten | status 'exited', exit code 'ten'
                    bad state   | 0   | status 'bad state', exit code '0'
                    """)
    void podmanStatus_isShownWhereItDiffersFromTheState(String status, String exitCode, String expected) {
        assertThat(read(Map.of("Status", status, "ExitCode", exitCode)).description())
                .isEqualTo(expected);
    }

    // [utest->req~con-oom~1]
    @Test
    void containerKilledForMemoryThatRunsAgain_isRunning() {
        report("running", "OOMKilled", "false", "ExitCode", "0", "Pid", "100");
        report("exited", "OOMKilled", "true", "ExitCode", "137", "FinishedAt", "2026-11-28T08:00:01Z");
        assertThat(world.modelState("m")).isEqualTo("Dead");
        assertThat(cause()).isEqualTo("container m_a on n: killed for memory");
        report("running", "OOMKilled", "true", "ExitCode", "0", "Pid", "200", "FinishedAt", "2026-11-28T08:00:01Z");
        assertThat(world.modelState("m")).isEqualTo("Running");
        assertThat(cause()).isEqualTo("container m_a on n: running");
        report("exited", "OOMKilled", "true", "ExitCode", "0");
        assertThat(world.modelState("m")).as("podman still says so").isEqualTo("Dead");
    }

    // [utest->req~con-stale~1]
    @Test
    void factsOfAnEarlierRun_areNotShownForARunningContainer() {
        for (String status : List.of("running", "paused", "stopping", "restarting")) {
            Container container = read(Map.of(
                    "Status", status, "ExitCode", "139", "Error", ERROR, "OOMKilled", "true", "FinishedAt", "2026"));
            assertThat(container.exitCode()).as(status).isEmpty();
            assertThat(container.why()).as(status).isNull();
            assertThat(container.description()).as(status).doesNotContain("139", "crun", "memory");
        }
    }

    @Test
    void failedStart_hasItsReasonAndExitCode() {
        Container failed = read(Map.of("Status", "created", "ExitCode", "127", "Error", ERROR));
        assertThat(failed.description()).isEqualTo("created, start failed with code 127: " + ERROR);
        assertThat(failed.exitCode()).isEqualTo("127");
        assertThat(read(Map.of("Status", "initialized", "Error", ERROR)).description())
                .isEqualTo("initialized, start failed: " + ERROR);
        assertThat(read(Map.of("Status", "exited", "ExitCode", "127", "Error", ERROR))
                        .description())
                .isEqualTo("exit code 127, podman's error: " + ERROR);
    }

    @Test
    void staleErrorOfPodman_isNotShownForAnotherExit() {
        assertThat(read(Map.of("Status", "exited", "ExitCode", "1", "Error", ERROR))
                        .description())
                .isEqualTo("exit code 1");
        assertThat(read(Map.of("Status", "exited", "ExitCode", "0", "Error", ERROR))
                        .description())
                .isEqualTo("exited");
        assertThat(read(Map.of("Status", "created", "ExitCode", "139", "Error", ""))
                        .description())
                .isEqualTo("created");
    }

    @Test
    void quotations_areShortAndPrintable() {
        String hostile = "line\n\u001b[31mred\u202e \u2028" + "x".repeat(1_000_000);
        Container failed = read(Map.of("Status", "created", "ExitCode", "9".repeat(1_000_000), "Error", hostile));
        assertThat(failed.description()).hasSizeLessThan(400).doesNotContainPattern("[\\p{Cc}\\p{Zl}\\p{Zp}]");
        assertThat(read(Map.of("Status", "exited", "ExitCode", "9".repeat(1_000_000)))
                        .description())
                .isEqualTo("exit code " + "9".repeat(40) + "…");
    }

    @Test
    void exitCodeOver31Bits_isACrashAlsoAfterARestart() {
        report("running");
        report("exited", "ExitCode", "2147483648");
        assertThat(world.modelState("m")).isEqualTo("Dead");
        assertThat(cause()).isEqualTo("container m_a on n: exit code 2147483648");
        world.restart();
        assertThat(cause()).isEqualTo("container m_a on n: exit code 2147483648");
    }

    @Test
    void modelCause_isTheCurrentStateOfItsContainers() {
        report("running");
        report("stopping");
        assertThat(cause()).isEqualTo("container m_a on n: running (podman: stopping)");
        assertThat(world.history(ResourceKind.MODEL, "m"))
                .as("the state has not changed")
                .containsExactly(">Running");
        world.restart();
        assertThat(cause()).isEqualTo("container m_a on n: running (podman: stopping)");
    }

    @Test
    void modelCauseAfterAForeignWrite_isTheOtherComponent() {
        report("running");
        world.run(new Command.ModelChange("m", ModelState.RUNNING, "id", "test"));
        assertThat(cause()).isEqualTo("container m_a on n: running");
        world.run(new Command.ModelChange("m", ModelState.DEAD, "id", "test"));
        assertThat(cause()).isEqualTo("requested by test");
    }

    @Test
    void recordsOfAnOlderVersion_areRead() {
        Container old = RecordCodec.parse("""
                {"name":"a","id":"1","label":"m","model":"m","state":"DEAD","exitCode":139,"why":"exit code 139"}""", Container.class);
        assertThat(old)
                .isEqualTo(new Container(
                        "a",
                        "1",
                        "m",
                        "m",
                        ContainerState.DEAD,
                        "139",
                        null,
                        "exit code 139",
                        0,
                        0,
                        null,
                        false,
                        0,
                        0,
                        0,
                        null,
                        0));
    }
}
