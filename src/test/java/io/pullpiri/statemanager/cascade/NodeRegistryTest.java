// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.UnknownNodes;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The limit on a list, the share of unknown nodes, evictions and forgetting. */
class NodeRegistryTest {

    private static final Duration A_DAY = Duration.ofHours(24);

    private final CascadeRig world = new CascadeRig();

    /** A quarter of it has room for four nodes with a container and its model, but not for five. */
    private final CascadeRig small = new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(128, 1 << 20, 32_000));

    private static Command forget(String node) {
        return new Command.ForgetNode(node, false, "operator");
    }

    private static Command forgetByForce(String node) {
        return new Command.ForgetNode(node, true, "operator");
    }

    private static String[] containers(int count, String name) {
        return IntStream.range(0, count)
                .mapToObj(i -> "m/%s%d=running".formatted(name, i))
                .toArray(String[]::new);
    }

    private NodeEntry node(CascadeRig in, String name) {
        return Objects.requireNonNull(in.view.nodes().get(name), name);
    }

    // The list

    @Test
    void listOf4096Containers_isAccepted() {
        assertThat(world.run(report("n", containers(4_096, "c")))).hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(node(world, "n").containers()).hasSize(4_096);
    }

    // [utest->req~lst-limits~1]
    @Test
    void listOverTheContainerLimit_isRejectedWholeWithTheNumbers() {
        world.run(report("n", "m/a=running"));
        View before = world.view;
        String[] many = containers(4_097, "c");
        many[0] = "m/a=exited:1";
        String reason = "containers: 4,097 in the list of node n (expected: at most 4,096)";
        assertThat(world.run(report("n", many))).containsExactly(new CommandResult.ResourceExhausted(reason));
        assertThat(world.view).isEqualTo(before);
        assertThat(world.notices).containsExactly(new Plan.Anomaly("node-list", "containers", reason));
    }

    // [utest->req~lst-limits~1]
    @Test
    void listOverOneMebibyteAsStored_isRejectedWholeWithTheNumbers() {
        String text = "x".repeat(240);
        Command fits = report("n", containers(2_000, text));
        assertThat(world.run(fits)).hasOnlyElementsOfType(CommandResult.Done.class);
        int stored = Objects.requireNonNull(world.value(Keys.node("n"))).length();
        assertThat(stored).isBetween(600_000, 1 << 20);
        View before = world.view;
        CommandResult answer = world.run(report("n", containers(4_000, text))).getFirst();
        assertThat(answer)
                .isInstanceOfSatisfying(
                        CommandResult.ResourceExhausted.class,
                        refused -> assertThat(refused.reason())
                                .matches(
                                        "containers: the list of node n takes 1,[0-9]{3},[0-9]{3} bytes as it is stored"
                                                + " \\(expected: at most 1,048,576\\)"));
        assertThat(world.view).isEqualTo(before);
        assertThat(world.notices).extracting(Plan.Anomaly::reason).containsExactly("bytes");
    }

    @Test
    void containersMissingFromALargeList_areGoneAtOnceIfTheRecordHasNoRoom() {
        world.run(report("n", containers(2_000, "x".repeat(240))));
        assertThat(world.run(report("n", containers(2_000, "y".repeat(240)))))
                .hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(node(world, "n").containers())
                .hasSize(2_000)
                .allSatisfy((name, container) -> assertThat(name).startsWith("y"));
        assertThat(node(world, "n").graceEnds()).isEmpty();
        assertThat(Objects.requireNonNull(world.value(Keys.node("n")))).hasSizeLessThan(1 << 20);
    }

    // The share of unknown nodes

    private void fill() {
        for (int i = 0; i < 4; i++) {
            assertThat(small.run(report("stranger-" + i, "s" + i + "/c=running")))
                    .hasOnlyElementsOfType(CommandResult.Done.class);
            small.pass(Duration.ofMinutes(1));
        }
    }

    // [utest->req~nod-evict~1]
    @Test
    void unknownNodes_fillAtMostAQuarter() {
        fill();
        View before = small.view;
        assertThat(small.run(report("stranger-4", "s4/c=running")))
                .first()
                .isInstanceOfSatisfying(
                        CommandResult.ResourceExhausted.class,
                        refused -> assertThat(refused.reason())
                                .contains("take all of their share of 7 KiB")
                                .contains("node stranger-4"));
        assertThat(small.view).isEqualTo(before);
        assertThat(small.notices)
                .extracting(Plan.Anomaly::kind, Plan.Anomaly::reason)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("memory", "unknown-nodes"));
        small.run(apply(packageYaml("p", "brake")));
        assertThat(small.run(report("HPC", "brake/ctl=running"))).hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(small.modelState("brake")).isEqualTo("Running");
    }

    @Test
    void knownUnknownNode_isStillUpdatedWhenTheShareIsFull() {
        fill();
        assertThat(small.run(report("stranger-1", "s1/c=exited:1"))).hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(small.modelState("s1")).isEqualTo("Dead");
        assertThat(small.run(report("stranger-1", "s1/c=running", "new/d=running", "newer/d=running")))
                .hasOnlyElementsOfType(CommandResult.ResourceExhausted.class);
        assertThat(small.modelState("s1")).isEqualTo("Running");
        assertThat(small.modelState("new")).isNull();
    }

    // [utest->req~nod-evict~1]
    @Test
    void oldestUnknownNodeSilentForADay_isEvictedWhenTheShareIsFull() {
        fill();
        small.pass(A_DAY.minus(Duration.ofMinutes(4)));
        small.run(report("stranger-0", "s0/c=exited:1"));
        assertThat(small.run(report("stranger-4", "s4/c=running")))
                .hasOnlyElementsOfType(CommandResult.ResourceExhausted.class);
        assertThat(small.view.nodes()).as("no node was silent for 24 h").hasSize(4);
        small.pass(Duration.ofMinutes(1).plusSeconds(5));
        assertThat(small.run(report("stranger-4", "s4/c=running"))).hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(small.view.nodes()).containsOnlyKeys("stranger-0", "stranger-2", "stranger-3", "stranger-4");
        assertThat(small.value(Keys.node("stranger-1"))).isNull();
        assertThat(small.modelState("s1")).as("models follow").isNull();
        String cause =
                "node stranger-1 is evicted: it never named a model of a package, was silent for 24 h, and such nodes"
                        + " fill their share of 7 KiB";
        assertThat(small.notices()).contains(cause);
        assertThat(small.notices.getLast().kind()).isEqualTo("node-evicted");
        assertThat(small.history(ResourceKind.NODE, "stranger-1")).containsExactly("Known>");
        assertThat(small.lastCause(ResourceKind.NODE, "stranger-1")).isEqualTo(cause);
        long bytes = small.view.bytes();
        long share = small.view.unknownNodes().bytes();
        small.restart();
        assertThat(small.view.bytes()).isEqualTo(bytes);
        assertThat(small.view.unknownNodes().bytes()).isEqualTo(share);
    }

    @Test
    void silenceOfAnUnknownNode_continuesOverARestart() {
        fill();
        small.pass(A_DAY);
        small.restart();
        assertThat(small.run(report("stranger-4", "s4/c=running"))).hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(small.view.nodes()).doesNotContainKey("stranger-0").hasSize(4);
    }

    @Test
    void evictionThatMakesTooLittleRoom_isNotDone() {
        fill();
        small.pass(A_DAY);
        View before = small.view;
        String[] many = new String[9];
        Arrays.setAll(many, i -> "t%d/c%d=running".formatted(i, i));
        assertThat(small.run(report("stranger-4", many))).hasOnlyElementsOfType(CommandResult.ResourceExhausted.class);
        assertThat(small.view).isEqualTo(before);
    }

    // [utest->req~nod-evict~1]
    @Test
    void packageBrokenWithoutGood_preventsEvictions() {
        fill();
        small.foreignUnseen(Keys.artifact("Package", "p"), "nonsense");
        small.restart();
        small.pass(A_DAY);
        assertThat(small.run(report("stranger-4", "s4/c=running")))
                .hasOnlyElementsOfType(CommandResult.ResourceExhausted.class);
        assertThat(small.view.nodes()).hasSize(4);
    }

    // [utest->req~nod-known~1]
    @Test
    void nodeThatOnceNamedAKnownModel_isNeverEvicted() {
        small.run(apply(packageYaml("p", "brake")));
        small.run(report("HPC", "brake/ctl=running"));
        small.run(CascadeRig.delete(packageYaml("p", "brake")));
        small.restart();
        assertThat(node(small, "HPC").isKnown()).isTrue();
        small.pass(A_DAY);
        fill();
        small.pass(A_DAY);
        assertThat(small.run(report("stranger-4", "s4/c=running"))).hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(small.view.nodes()).containsKey("HPC").doesNotContainKey("stranger-0");
    }

    // [utest->req~nod-known~1]
    @Test
    void node_isKnownAsSoonAsAPackageNamesItsModel() {
        small.run(report("labelled", "brake/ctl=running"), report("by-name", "/light_main=running"));
        assertThat(small.view.unknownNodes().oldestFirst()).hasSize(2);
        small.run(apply(packageYaml("p", "brake", "light")));
        assertThat(small.view.unknownNodes()).isEqualTo(UnknownNodes.NONE);
        small.restart();
        assertThat(small.view.unknownNodes()).isEqualTo(UnknownNodes.NONE);
    }

    @Test
    void view_knowsANodeByItsRecordOrByItsModels() {
        Command.NodeReport labelled = (Command.NodeReport) report("a", "brake/ctl=running");
        Command.NodeReport byName = (Command.NodeReport) report("b", "/light_main=running");
        Command.NodeReport other = (Command.NodeReport) report("c", "other/x=running");
        assertThat(List.of(labelled, byName, other)).noneMatch(report -> Cascade.isKnown(world.view, report));
        world.run(apply(packageYaml("p", "brake", "light")));
        assertThat(List.of(labelled, byName)).allMatch(report -> Cascade.isKnown(world.view, report));
        assertThat(Cascade.isKnown(world.view, other)).isFalse();
        world.run(report("c", "brake/y=running"));
        assertThat(Cascade.isKnown(world.view, other)).isTrue();
    }

    // Forgetting

    // [utest->req~nod-forget~1]
    @Test
    void forgottenNode_actsAsAConfirmedEmptyList() {
        world.run(apply(packageYaml("braking", "brake", "light")));
        world.run(report("HPC", "brake/ctl=paused", "light/front=running", "/other=exited:0"));
        world.run(report("ZONE", "light/rear=exited:1"));
        world.run(report("HPC", "light/front=paused", "/other=exited:0"));
        world.pass(Duration.ofMinutes(10));
        assertThat(world.run(forget("HPC"))).containsExactly(new CommandResult.Done("node HPC is forgotten"));
        assertThat(world.view.nodes()).containsOnlyKeys("ZONE");
        assertThat(world.view.nodesWithAbsent()).isEmpty();
        assertThat(world.view.withoutLabel()).isEmpty();
        assertThat(world.value(Keys.node("HPC"))).isNull();
        assertThat(world.modelState("brake")).isEqualTo("Exited");
        assertThat(world.lastCause(ResourceKind.MODEL, "brake"))
                .isEqualTo("node HPC was forgotten, requested by operator");
        assertThat(world.modelState("light"))
                .as("ZONE still has a container of it")
                .isEqualTo("Dead");
        assertThat(world.packageState("braking")).isEqualTo("Degraded");
        assertThat(world.lastCause(ResourceKind.NODE, "HPC"))
                .isEqualTo("node HPC was forgotten, requested by operator");
        assertThat(world.restart()).as("its fence").isOne();
        assertThat(world.modelState("brake")).isEqualTo("Exited");
        assertThat(world.view.nodes()).containsOnlyKeys("ZONE");
    }

    // [utest->req~nod-forget~1]
    @Test
    void nodeWithARecentReport_isForgottenByForceOnly() {
        world.run(report("HPC", "brake/ctl=exited:0"));
        world.pass(Duration.ofMinutes(10).minusMillis(2));
        View before = world.view;
        assertThat(world.run(forget("HPC")))
                .containsExactly(new CommandResult.NotAllowed(
                        "node HPC is not forgotten: its last report is 599 s old (expected: at"
                                + " least 10 min); force forgets it nevertheless"));
        assertThat(world.view).isEqualTo(before);
        assertThat(world.run(forgetByForce("HPC"))).hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(world.view.nodes()).isEmpty();
        assertThat(world.lastCause(ResourceKind.NODE, "HPC"))
                .isEqualTo("node HPC was forgotten by force, requested by operator");
    }

    // [utest->req~nod-forget~1]
    @Test
    void nodeWithARunningContainer_isForgottenByForceOnly() {
        world.run(report("HPC", "brake/ctl=running"));
        world.pass(Duration.ofHours(1));
        assertThat(world.run(forget("HPC")))
                .containsExactly(
                        new CommandResult.NotAllowed("node HPC is not forgotten: its container ctl counts as running"
                                + " (expected: none); force forgets it nevertheless"));
        assertThat(world.run(forgetByForce("HPC"))).hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(world.modelState("brake")).isNull();
    }

    @Test
    void ageOfTheLastReport_continuesOverARestart() {
        world.run(report("HPC", "brake/ctl=exited:0"));
        world.pass(Duration.ofMinutes(6));
        world.restart();
        assertThat(world.run(forget("HPC"))).hasOnlyElementsOfType(CommandResult.NotAllowed.class);
        world.pass(Duration.ofMinutes(4));
        assertThat(world.run(forget("HPC"))).hasOnlyElementsOfType(CommandResult.Done.class);
    }

    @Test
    void recordOfAnOlderVersion_countsAsReportedAtTheStart() {
        world.foreignUnseen(
                Keys.node("HPC"),
                "{\"containers\":[{\"name\":\"c\",\"id\":\"1\",\"model\":\"m\",\"state\":\"EXITED\"}]}");
        world.restart();
        assertThat(node(world, "HPC").reportedMillis()).isZero();
        assertThat(world.run(forget("HPC"))).hasOnlyElementsOfType(CommandResult.NotAllowed.class);
        world.pass(Duration.ofMinutes(10));
        assertThat(world.run(forget("HPC"))).hasOnlyElementsOfType(CommandResult.Done.class);
    }

    @Test
    void damagedRecord_isDeletedWithItsNode() {
        world.foreignUnseen(Keys.node("HPC"), "nonsense");
        world.restart();
        assertThat(world.run(forgetByForce("HPC"))).hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(world.keys()).doesNotContain(Keys.node("HPC"));
    }

    @Test
    void unknownNode_cannotBeForgotten() {
        assertThat(world.run(forgetByForce("HPC")))
                .containsExactly(new CommandResult.NotFound("node HPC is not known"));
        assertThat(world.keys()).isEmpty();
    }

    @Test
    void forgottenNodeThatReportsAgain_isKnownAgain() {
        Command list = report("HPC", "brake/ctl=running");
        world.run(list);
        world.run(forgetByForce("HPC"), report("HPC", "brake/ctl=exited:1"));
        assertThat(world.modelState("brake")).isEqualTo("Dead");
        assertThat(world.value(Keys.node("HPC"))).contains("DEAD");
        world.run(forgetByForce("HPC"));
        world.run(list, forgetByForce("HPC"));
        assertThat(world.keys()).doesNotContain(Keys.node("HPC"), Keys.modelState("brake"));
        world.run(list);
        assertThat(world.modelState("brake")).isEqualTo("Running");
    }

    /** Found by the simulation (day 1763): the record stayed in the store without a node in the view. */
    @Test
    void nodeForgottenAndReportedInOneBatch_keepsItsRecord() {
        Command list = report("HPC", "brake/ctl=running");
        world.run(list);
        world.run(forgetByForce("HPC"), list);
        assertThat(node(world, "HPC").revision()).isEqualTo(world.revision(Keys.node("HPC")));
        world.run(forgetByForce("HPC"));
        assertThat(world.keys()).doesNotContain(Keys.node("HPC"));
        world.run(list, forgetByForce("HPC"), list);
        assertThat(node(world, "HPC").revision()).isEqualTo(world.revision(Keys.node("HPC")));
    }

    @Test
    void lastKnownModelState_isDeletedWithItsNode() {
        world.run(apply(packageYaml("p", "m")));
        world.run(report("a", "m/x=running"), report("b", "m/y=nonsense"));
        world.run(report("a", "m/x=nonsense"));
        assertThat(node(world, "b").lastKnownStates())
                .isEqualTo(Map.of("m", io.pullpiri.statemanager.state.ModelState.RUNNING));
        world.run(forgetByForce("a"));
        assertThat(world.modelState("m")).isEqualTo("Running");
        world.run(forgetByForce("b"));
        assertThat(world.modelState("m")).isEqualTo("Exited");
        assertThat(world.restart()).isOne();
    }
}
