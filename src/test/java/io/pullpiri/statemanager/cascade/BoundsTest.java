// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static io.pullpiri.statemanager.testing.CascadeRig.report;
import static io.pullpiri.statemanager.testing.CascadeRig.scenarioYaml;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.History;
import io.pullpiri.statemanager.view.Launch;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.TrackedArtifact;
import io.pullpiri.statemanager.view.TrackedState;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.Versioned;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The view is bounded in memory, and damaged records do not prevent a start. */
class BoundsTest {

    /** Room for a package, two models, a node and two containers, but not for another model. */
    private static final long MEMORY = 4_160;

    private final CascadeRig world = new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(128, 1 << 20, MEMORY));

    private final CascadeRig large = new CascadeRig();

    private void fill() {
        world.run(apply(packageYaml("p", "a", "b")));
        assertThat(world.run(report("n", "a/1=running", "b/2=running")))
                .hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(world.view.bytes() + world.view.journal().bytes()).isBetween(MEMORY - 700, MEMORY);
    }

    private static Command model(String name) {
        return new Command.ModelChange(name, ModelState.DEAD, "id", "test");
    }

    private static Command scenario(String name) {
        return new Command.ScenarioChange(name, null, ScenarioState.IDLE, "id", 1, "test");
    }

    // [utest->req~bad-memory~1]
    @Test
    void inputOverTheMemoryLimit_isRejectedAndChangesNothing() {
        fill();
        View before = world.view;
        for (Command command : List.of(
                model("c"),
                scenario("s"),
                apply(packageYaml("q")),
                apply(packageYaml("p", "a", "b", "c")),
                apply(scenarioYaml("s", "p")),
                report("m", "a/9=running"))) {
            assertThat(world.run(command))
                    .as("%s", command)
                    .hasOnlyElementsOfType(CommandResult.ResourceExhausted.class);
            assertThat(world.view).isEqualTo(before);
        }
        assertThat(world.run(report("n", "a/1=running", "b/2=running", "c/3=running")))
                .hasOnlyElementsOfType(CommandResult.ResourceExhausted.class);
        assertThat(world.view.models()).isEqualTo(before.models());
        assertThat(world.revision).as("nothing was written").isEqualTo(2);
    }

    // [utest->req~bad-memory~1]
    @Test
    void changeOfKnownResources_isAcceptedWhenMemoryIsFull() {
        fill();
        assertThat(world.run(model("a"), report("n", "a/1=exited:1", "b/2=paused")))
                .hasOnlyElementsOfType(CommandResult.Done.class);
        assertThat(world.run(apply(packageYaml("p", "a", "b"))))
                .hasOnlyElementsOfType(CommandResult.ArtifactsDone.class);
        assertThat(world.run(apply(packageYaml("p", "b")))).hasOnlyElementsOfType(CommandResult.ArtifactsDone.class);
        assertThat(world.run(CascadeRig.delete(packageYaml("p"))))
                .hasOnlyElementsOfType(CommandResult.ArtifactsDone.class);
    }

    @Test
    void death_isAcceptedAlthoughNewContainersInTheListAreNot() {
        fill();
        assertThat(world.run(report("n", "a/1=exited:1", "b/2=running", "c/3=running")))
                .hasOnlyElementsOfType(CommandResult.ResourceExhausted.class);
        assertThat(world.modelState("a")).isEqualTo("Dead");
        assertThat(world.modelState("c")).isNull();
    }

    @Test
    void inventedNamesInEveryReport_areRejectedUntilOldNamesExpire() {
        fill();
        Command other = report("n", "a/3=running", "b/4=running");
        assertThat(world.run(other)).hasOnlyElementsOfType(CommandResult.ResourceExhausted.class);
        world.pass(Duration.ofMinutes(1));
        world.run(new Command.Tick());
        assertThat(world.run(other)).hasOnlyElementsOfType(CommandResult.Done.class);
    }

    @Test
    void rejection_namesTheLimit() {
        CascadeRig mebibyte = new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(128, 1 << 20, 1 << 20));
        CommandResult answer = new CommandResult.Done("");
        for (int i = 0; i < 3_000 && answer instanceof CommandResult.Done; i++) {
            answer = mebibyte.run(model("model-" + i)).getFirst();
        }
        String reason =
                "memory: the states and artifacts that are known take all of 1 MiB (expected: delete artifacts that are not"
                        + " needed, or start with a larger STATEMANAGER_HEAP)";
        assertThat(answer).isEqualTo(new CommandResult.ResourceExhausted(reason));
        assertThat(mebibyte.notices()).containsExactly(reason);
        assertThat(mebibyte.view.models()).hasSizeBetween(1_000, 2_500);
    }

    /** Otherwise memory would not be bounded: long texts must count. */
    @Test
    void everyTextInACommand_countsWithItsLength() {
        String text = "x".repeat(1_000);
        Map<String, String> map = Map.of(text, text);
        ContainerFacts plain = new ContainerFacts("", "", "", Map.of(), Map.of(), Map.of());
        ContainerFacts full = new ContainerFacts(text, text, text, map, map, map);
        assertThat(full.bytes() - plain.bytes()).isGreaterThanOrEqualTo(9_000);
        assertThat(new Command.NodeReport("n", List.of(full, full)).bytes()).isGreaterThanOrEqualTo(18_000);
        assertThat(new Command.ModelChange("m", ModelState.DEAD, text, text).bytes())
                .isGreaterThanOrEqualTo(2_000);
        assertThat(new Command.ScenarioChange("s", null, ScenarioState.IDLE, text, 1, text).bytes())
                .isGreaterThanOrEqualTo(2_000);
        Transition change = new Transition(ResourceKind.MODEL, "m", "", "Dead", 1, 1, text, text, text, 0, true, 0);
        assertThat(change.bytes()).isGreaterThanOrEqualTo(3_000);
        History history = History.NONE.decided(change).recorded(1, 3);
        assertThat(history.bytes() - new History(null, new long[0], new long[0]).bytes())
                .isGreaterThanOrEqualTo(3_008);
        Container container = new Container(
                text,
                "",
                text,
                null,
                ContainerState.DEAD,
                "1",
                null,
                text,
                0,
                0,
                new Launch(text, text, text),
                false,
                0,
                0,
                0,
                null,
                0);
        assertThat(container.bytes()).isGreaterThanOrEqualTo(7_000);
        Versioned<String> stored = new Versioned<>(text, 1);
        TrackedState<ModelState> ofModel = TrackedState.<ModelState>empty().with(ModelState.DEAD, history);
        ModelEntry model = ModelEntry.empty("m").with(ofModel).withArtifactText(stored);
        assertThat(model.bytes()).isGreaterThanOrEqualTo(4_008);
        TrackedState<ScenarioState> ofScenario =
                TrackedState.<ScenarioState>empty().with(ScenarioState.IDLE, history);
        ScenarioEntry scenario =
                ScenarioEntry.empty("s").with(ofScenario).with(new TrackedArtifact<>(null, "", stored));
        assertThat(scenario.bytes()).isGreaterThanOrEqualTo(5_008);
    }

    @Test
    void memoryCount_isTheSameAfterARestart() {
        large.run(apply(packageYaml("p", "a", "b"), scenarioYaml("s", "p"), scenarioYaml("t", "p")));
        large.run(report("n", "a/1=running", "b/2=running"), model("a"), model("c"), scenario("s"));
        large.run(
                apply(packageYaml("p", "b"), scenarioYaml("s", "somewhere-else")),
                CascadeRig.delete(scenarioYaml("t", "p")));
        long before = large.view.bytes();
        large.restart();
        assertThat(large.view.bytes()).isEqualTo(before).isPositive();
    }

    /** Each commit once added more records than it deleted. */
    // [utest->req~sto-journal~1]
    @Test
    @Tag("slow")
    void journal_staysBoundedForLargeReports() {
        String[] containers = new String[1_000];
        long most = 0;
        for (int round = 0; round < 80; round++) {
            String end = round % 2 == 0 ? "=running" : "=exited:1";
            for (int i = 0; i < containers.length; i++) {
                containers[i] = "model-" + i + "/container-" + i + end;
            }
            large.run(report("n", containers));
            most = Math.max(most, large.view.journal().changes());
        }
        assertThat(most).isBetween(50_001L, 52_000L);
        assertThat(large.transitions).hasSize(80_000);
        Transition before = latest("model-7");
        large.restart();
        assertThat(large.view.journal().changes()).isLessThanOrEqualTo(most + 1);
        assertThat(latest("model-7")).isEqualTo(before);
    }

    /** The transitions carried forward from four old records once did not fit into the new one. */
    @Test
    void carriedChanges_fitIntoTheirRecord() {
        String text = "\u0001".repeat(253);
        for (int from = 0; from < 1_000; from += 100) {
            Command[] batch = new Command[100];
            for (int i = 0; i < batch.length; i++) {
                batch[i] = new Command.ModelChange("still-" + (from + i), ModelState.RUNNING, text, text);
            }
            large.run(batch);
        }
        Transition before = latest("still-7");
        for (int round = 0; round < 560; round++) {
            Command[] batch = new Command[100];
            for (int i = 0; i < batch.length; i++) {
                ModelState state = (round + i) % 2 == 0 ? ModelState.RUNNING : ModelState.PAUSED;
                batch[i] = new Command.ModelChange("busy", state, "", "test");
            }
            large.run(batch);
        }
        assertThat(large.view.journal().changes()).isLessThan(51_000);
        assertThat(latest("still-7")).isEqualTo(before);
        large.restart();
        assertThat(latest("still-7")).isEqualTo(before);
    }

    /** The oldest record was once larger than the room that any transaction had left. */
    @Test
    void carriedChanges_getTheirOwnTransactionWhenNoOtherHasRoom() {
        CascadeRig tight = new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(128, 100_000, 1L << 40));
        String text = "\u0001".repeat(253);
        Command[] still = new Command[18];
        for (int i = 0; i < still.length; i++) {
            still[i] = new Command.ModelChange("still-" + i, ModelState.RUNNING, text, text);
        }
        tight.run(still);
        List<Transition> before = tight.transitions.stream().toList();
        long most = 0;
        // Enough commits to carry the same transitions forward twice.
        for (int round = 0; round < 1_300; round++) {
            tight.run(busy(round)); // of some 40,000 bytes, which leave no room for what the oldest record holds
            most = Math.max(most, tight.view.journal().changes());
        }
        assertThat(most).isLessThan(51_000);
        tight.restart();
        assertThat(tight.view.models().values())
                .filteredOn(model -> model.name().startsWith("still"))
                .extracting(model -> model.state().history().latest())
                .containsExactlyInAnyOrderElementsOf(before);
    }

    /** So many changes of one model that they fill one transaction. */
    private static Command[] busy(int round) {
        Command[] batch = new Command[90];
        for (int i = 0; i < batch.length; i++) {
            ModelState state = (round + i) % 2 == 0 ? ModelState.RUNNING : ModelState.PAUSED;
            batch[i] = new Command.ModelChange("busy", state, "", "test");
        }
        return batch;
    }

    // [utest->req~sto-journal~1]
    @Test
    void trimming_removesOnlyRecordsWhoseCarriedChangesFit() {
        CascadeRig tight = new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(128, 100_000, 1L << 40));
        String text = "\u0001".repeat(253);
        for (int i = 0; i < 12; i++) {
            Command[] still = new Command[6];
            for (int j = 0; j < still.length; j++) {
                still[j] = new Command.ModelChange("still-" + i + "-" + j, ModelState.RUNNING, text, text);
            }
            tight.run(still);
        }
        List<Transition> before = tight.transitions.stream().toList();
        for (int round = 0; round < 600; round++) {
            tight.run(busy(round));
        }
        assertThat(tight.view.journal().changes()).isLessThan(51_000);
        tight.restart();
        assertThat(tight.view.models().values())
                .filteredOn(model -> model.name().startsWith("still"))
                .extracting(model -> model.state().history().latest())
                .containsExactlyInAnyOrderElementsOf(before);
    }

    private @Nullable Transition latest(String model) {
        return large.modelEntry(model).state().history().latest();
    }

    /** Found by fuzzing: the key of a record that could not be read was written again and again. */
    @Test
    void damagedJournalRecord_doesNotPreventAStart() {
        world.foreignUnseen(Keys.journal(7), "{\"changes\":[{\"name\":\"m\"}]}");
        world.foreignUnseen(Keys.JOURNAL_PREFIX + "9".repeat(19), "{}");
        world.restart();
        assertThat(world.value(Keys.journal(8))).isNotNull();
    }

    /** Found by fuzzing: the record omits empty texts, and was taken for a damaged one. */
    @Test
    void containerWithoutAnId_isReadAfterARestart() {
        large.run(new Command.NodeReport(
                "n", List.of(new ContainerFacts("", "model-m", "", Map.of("Status", "running"), Map.of(), Map.of()))));

        assertThat(large.restart()).as("its fence").isOne();
        assertThat(large.modelState("m")).isEqualTo("Running");
        assertThat(large.notices()).isEmpty();
    }

    @Test
    void damagedNodeRecord_changesNoState() {
        world.run(apply(packageYaml("braking", "brake")));
        world.run(report("HPC", "brake/ctl=running"));
        world.foreignUnseen(Keys.node("HPC"), "{\"containers\":[null]}");
        world.restart();
        assertThat(world.modelState("brake")).isEqualTo("Running");
        assertThat(world.packageState("braking")).isEqualTo("Running");
    }

    /** Found by fuzzing: the record was read, but had no state to count. */
    @Test
    void incompleteNodeRecord_isIgnored() {
        world.foreignUnseen(Keys.node("n"), "{\"containers\":[{\"name\":\"c\",\"id\":\"1\",\"model\":\"m\"}]}");
        world.foreignUnseen(Keys.node("o"), "{\"containers\":[null]}");
        world.foreignUnseen(Keys.node("p"), "{\"kept\":{\"a/b\":\"DEAD\"}}");
        world.foreignUnseen(Keys.node("q"), "{\"kept\":{\"a\":null}}");
        world.restart();
        assertThat(world.view.nodes().values())
                .hasSize(4)
                .allMatch(node -> node.containers().isEmpty() && node.damaged());
        assertThat(world.notices).extracting(Plan.Anomaly::kind).containsOnly("unreadable-record");
    }
}
