// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.testing.OwnKeys;
import io.pullpiri.statemanager.testing.SpecificationTables;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.TrackedState;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;

/** Incremental evaluation equals evaluation from scratch, after every step of random commands. */
@Tag("slow")
class CascadePropertyTest {

    private static final List<String> PACKAGES = List.of("p", "q", "r");
    private static final List<String> MODELS = List.of("a", "a_b", "b", "c");
    private static final List<String> NODES = List.of("HPC", "rear");
    private static final List<String> SCENARIOS = List.of("s", "t");
    private static final List<String> CONTAINERS = List.of(
            "created",
            "running",
            "paused",
            "exited:0",
            "exited:143",
            "exited:139",
            "dead",
            "stopped:1",
            "odd",
            "exited:x",
            "exited:137:oom",
            "running:137:oom",
            "stopping:0:oom",
            "exited:99999999999999999999");

    /** Which packages have ever had a state other than idle since they appeared. */
    private final Map<String, Boolean> awoken = new HashMap<>();

    // [utest->req~mdl-any-step~1]
    // [utest->req~lst-replace~1]
    @Property(tries = 1000)
    void everyStep_equalsTheRulesAppliedToTheWholeStore(@ForAll long seed) {
        Random random = new Random(seed);
        boolean small = random.nextInt(4) == 0;
        CascadeRig world =
                new CascadeRig(CascadeRig.RULES, new Plan.TransactionLimits(small ? 9 : 128, 1 << 20, 1L << 40));
        awoken.clear();
        for (int i = 0; i < 60; i++) {
            step(world, random);
            check(world, "step " + i);
            if (random.nextInt(10) == 0) {
                View before = world.view;
                assertThat(world.restart())
                        .as("a start right after a commit repairs nothing and writes only its fence")
                        .isOne();
                assertSameView(world.view, before);
                check(world, "restart after step " + i);
            }
        }
    }

    private void step(CascadeRig world, Random random) {
        switch (random.nextInt(12)) {
            case 0 -> world.run(CascadeRig.apply(aPackage(random)));
            case 1 -> world.run(CascadeRig.delete(CascadeRig.packageYaml(one(PACKAGES, random))));
            case 2 ->
                world.run(CascadeRig.apply(CascadeRig.scenarioYaml(one(SCENARIOS, random), one(PACKAGES, random))));
            case 3 -> world.run(CascadeRig.delete(CascadeRig.scenarioYaml(one(SCENARIOS, random), "p")));
            case 4 ->
                world.foreign(
                        Keys.modelState(one(MODELS, random)),
                        random.nextInt(4) == 0
                                ? null
                                : one(List.of(ModelState.values()), random).protobufName());
            case 5 -> foreignArtifact(world, random);
            case 6 -> {
                world.pass(Duration.ofMillis(random.nextInt(5_000)));
                world.run(new Command.Tick());
            }
            case 7 ->
                world.run(new Command.ModelChange(
                        one(MODELS, random), one(List.of(ModelState.values()), random), "id", "test"));
            case 8 ->
                world.run(new Command.ScenarioChange(
                        one(SCENARIOS, random),
                        random.nextBoolean() ? null : one(List.of(ScenarioState.values()), random),
                        one(List.of(ScenarioState.values()), random),
                        "id" + random.nextInt(3),
                        world.now().wallNanos() + random.nextLong(-2_000_000_000, 2_000_000_000),
                        "test"));
            default -> {
                Command[] batch = new Command[1 + random.nextInt(3)];
                for (int i = 0; i < batch.length; i++) {
                    batch[i] = aReport(random);
                }
                world.run(batch);
            }
        }
        // An overwritten package state is restored within a second; wait for it.
        if (!world.view.overwritten().isEmpty()) {
            world.pass(Duration.ofSeconds(1));
            world.run(new Command.Tick());
        }
    }

    private static void foreignArtifact(CascadeRig world, Random random) {
        String name = one(PACKAGES, random);
        switch (random.nextInt(4)) {
            case 0 -> world.foreign(Keys.artifact("Package", name), null);
            case 1 -> world.foreign(Keys.artifact("Package", name), CascadeRig.packageYaml(name, models(random)));
            case 2 -> world.foreign(Keys.packageState(name), random.nextBoolean() ? null : "Paused");
            default -> world.foreign(Keys.artifact("Scenario", "s"), CascadeRig.scenarioYaml("s", name));
        }
    }

    private static String aPackage(Random random) {
        return CascadeRig.packageYaml(one(PACKAGES, random), models(random));
    }

    private static String[] models(Random random) {
        List<String> models = new ArrayList<>(MODELS);
        Collections.shuffle(models, random);
        return models.subList(0, random.nextInt(MODELS.size() + 1)).toArray(new String[0]);
    }

    private static Command aReport(Random random) {
        List<String> containers = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            String label = random.nextInt(3) == 0 ? "" : one(MODELS, random);
            String name = one(MODELS, random) + "_" + random.nextInt(3);
            containers.add(label + "/" + name + "=" + one(CONTAINERS, random));
        }
        return CascadeRig.report(one(NODES, random), containers.toArray(new String[0]));
    }

    private static <T> T one(List<T> list, Random random) {
        return list.get(random.nextInt(list.size()));
    }

    /** Applies the specification's tables to the store. It shares no code with the code under test. */
    private void check(CascadeRig world, String when) {
        for (String name : PACKAGES) {
            KeyValue artifact = world.store.get(Keys.artifact("Package", name));
            String state = world.packageState(name);
            if (artifact == null) {
                assertThat(state).as("%s: state of absent %s", when, name).isNull();
                assertThat(world.value(Keys.reconcile(name))).isNull();
                awoken.remove(name);
                continue;
            }
            List<String> models = artifact.value()
                    .lines()
                    .filter(line -> line.startsWith("    - name: "))
                    .map(line -> line.substring("    - name: ".length()))
                    .toList();
            List<String> states =
                    models.stream().map(model -> written(world, model)).toList();
            boolean anyState = states.stream().anyMatch(written -> !written.isEmpty());
            boolean awake = awoken.getOrDefault(name, false) || anyState;
            String expected = awake ? rule(states) : "Idle";
            assertThat(state).as("%s: state of %s with %s", when, name, states).isEqualTo(expected);
            awoken.put(name, awake);
            assertThat(world.value(Keys.reconcile(name)) != null)
                    .as("%s: reconcile record of %s", when, name)
                    .isEqualTo(expected.equals("Error"));
        }
        assertThat(world.keys()).allMatch(OwnKeys::matches);
    }

    /** The stored state of a model; empty for none. */
    private static String written(CascadeRig world, String model) {
        return SpecificationTables.name(Objects.requireNonNullElse(world.modelState(model), ""));
    }

    /** A state as it is stored: {@code Error}. */
    private static String rule(List<String> states) {
        String state = SpecificationTables.packageState(states);
        return state.charAt(0) + state.substring(1).toLowerCase(Locale.ROOT);
    }

    private static void assertSameView(View actual, View expected) {
        assertThat(actual.packages().keySet()).isEqualTo(expected.packages().keySet());
        expected.packages().forEach((name, entry) -> {
            PackageEntry now = Objects.requireNonNull(actual.packages().get(name));
            assertThat(now.artifact()).isEqualTo(entry.artifact());
            assertThat(now.models()).isEqualTo(entry.models());
            assertThat(now.modelsWithState()).isEqualTo(entry.modelsWithState());
            assertThat(now.reconcile()).isEqualTo(entry.reconcile());
            assertSameCell(now.state(), entry.state());
        });
        assertThat(actual.models().keySet()).isEqualTo(expected.models().keySet());
        expected.models().forEach((name, entry) -> {
            ModelEntry now = Objects.requireNonNull(actual.models().get(name));
            assertThat(now.packages()).isEqualTo(entry.packages());
            assertThat(now.containers()).isEqualTo(entry.containers());
            assertThat(now.derived()).as("derived state of %s", name).isEqualTo(entry.derived());
            assertSameCell(now.state(), entry.state());
        });
        assertThat(actual.scenarios().keySet()).isEqualTo(expected.scenarios().keySet());
        expected.scenarios()
                .forEach((name, entry) -> assertSameCell(
                        Objects.requireNonNull(actual.scenarios().get(name)).state(), entry.state()));
        assertThat(actual.bytes()).isEqualTo(bytes(actual));
        assertThat(expected.bytes()).isEqualTo(bytes(expected));
        assertThat(actual.brokenWithoutGood()).isEqualTo(expected.brokenWithoutGood());
        assertThat(actual.withoutLabel()).isEqualTo(expected.withoutLabel());
        assertThat(actual.scenariosByTarget()).isEqualTo(expected.scenariosByTarget());
        assertThat(actual.nodesWithAbsent()).isEqualTo(expected.nodesWithAbsent());
        assertThat(actual.journal().next()).isEqualTo(expected.journal().next() + 1);
        assertThat(actual.journal().records().minus(expected.journal().next()))
                .isEqualTo(expected.journal().records());
        assertThat(actual.nodes().keySet()).isEqualTo(expected.nodes().keySet());
    }

    private static long bytes(View view) {
        return view.packages().values().stream().mapToLong(PackageEntry::bytes).sum()
                + view.models().values().stream().mapToLong(ModelEntry::bytes).sum()
                + view.scenarios().values().stream()
                        .mapToLong(ScenarioEntry::bytes)
                        .sum()
                + view.nodes().values().stream().mapToLong(NodeEntry::bytes).sum();
    }

    private static void assertSameCell(TrackedState<?> actual, TrackedState<?> expected) {
        assertThat(actual.value()).isEqualTo(expected.value());
        assertThat(actual.stored()).isEqualTo(expected.stored());
        assertThat(actual.history().generation()).isEqualTo(expected.history().generation());
        if (expected.history().generation() > 0) {
            assertThat(actual.history().latest()).isEqualTo(expected.history().latest());
            assertThat(actual.history().records()).isEqualTo(expected.history().records());
        }
    }
}
