// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import io.pullpiri.statemanager.simulation.Action.Mood;
import io.pullpiri.statemanager.simulation.Action.Step;
import io.pullpiri.statemanager.simulation.StoreFaults.Fate;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The actions of one day, and the source of all its random choices. Both follow from one seed.
 *
 * @param roomy whether a transaction has room for everything that can follow from one command
 */
record Day(long seed, boolean roomy, List<Step> steps) {

    static final List<String> PACKAGES = List.of("p", "q", "r");
    static final List<String> MODELS = List.of("a", "b", "c", "d");
    static final List<String> NODES = List.of("HPC", "ZONE");
    static final List<String> SCENARIOS = List.of("s", "t", "u");

    private static final List<String> STATUSES = List.of(
            "created",
            "running",
            "running",
            "paused",
            "exited:0",
            "exited:143",
            "exited:139",
            "exited:137",
            "dead",
            "stopped:1",
            "odd",
            "exited:x",
            "exited:137:oom",
            "running:137:oom",
            "stopping",
            "exited:2147483648");

    /** The faults of a single commit. A refusal for an unknown reason is permanent, or lasts for some time. */
    private static final List<Fate> FATES =
            Arrays.stream(Fate.values()).filter(fate -> fate != Fate.REFUSED).toList();

    /** Returns this day with fewer actions. */
    Day with(List<Step> fewer) {
        return new Day(seed, roomy, List.copyOf(fewer));
    }

    static Day of(long seed) {
        Random random = new Random(seed);
        List<Step> steps = new ArrayList<>();
        for (String name : PACKAGES) {
            steps.add(new Step(random.nextInt(20), apply(Keys.artifact("Package", name), aPackage(name, random))));
            String scenario = SCENARIOS.get(steps.size() % SCENARIOS.size());
            steps.add(new Step(0, apply(Keys.artifact("Scenario", scenario), CascadeRig.scenarioYaml(scenario, name))));
        }
        int length = 18 + random.nextInt(34);
        for (int i = 0; i < length; i++) {
            if (random.nextInt(20) == 0) {
                steps.addAll(Scripts.one(random));
            }
            steps.add(new Step(wait(random), action(random)));
        }
        return new Day(seed, random.nextInt(8) != 0, steps);
    }

    private static int wait(Random random) {
        return switch (random.nextInt(10)) {
            case 0 -> random.nextInt(5_000);
            case 1, 2, 3 -> random.nextInt(300);
            default -> random.nextInt(4);
        };
    }

    private static Action action(Random random) {
        return switch (random.nextInt(41)) {
            case 0, 1 -> new Action.Crash();
            case 2, 3, 4 -> new Action.Befall(one(FATES, random));
            case 5 -> new Action.Outage(1 + random.nextInt(4_000));
            case 6 -> new Action.Compact();
            case 7 -> new Action.CutWatches();
            case 8, 9 -> new Action.Turn(one(List.of(Mood.values()), random));
            case 10 -> new Action.SetClock(random.nextInt(7_200) - 3_600);
            case 11, 12, 13 -> new Action.Read();
            case 14, 15 -> new Action.Repeat(one(NODES, random));
            case 16, 17 -> new Action.ChangeModel(one(MODELS, random), one(List.of(ModelState.values()), random));
            case 18 ->
                new Action.StepScenario(
                        one(SCENARIOS, random),
                        random.nextBoolean() ? null : one(List.of(ScenarioState.values()), random),
                        one(List.of(ScenarioState.values()), random));
            case 19, 20 -> {
                String name = one(PACKAGES, random);
                yield apply(Keys.artifact("Package", name), aPackage(name, random));
            }
            case 21 -> {
                String name = one(PACKAGES, random);
                yield new Action.Delete(Keys.artifact("Package", name), CascadeRig.packageYaml(name));
            }
            case 22 -> {
                String scenario = one(SCENARIOS, random);
                yield apply(
                        Keys.artifact("Scenario", scenario), CascadeRig.scenarioYaml(scenario, one(PACKAGES, random)));
            }
            case 23 -> {
                String scenario = one(SCENARIOS, random);
                yield new Action.Delete(Keys.artifact("Scenario", scenario), CascadeRig.scenarioYaml(scenario, "p"));
            }
            case 24, 25, 26 -> foreignWrite(random);
            case 27 -> {
                String model = one(MODELS, random);
                String key = Keys.artifact("Model", model);
                yield random.nextBoolean()
                        ? apply(key, CascadeRig.modelYaml(model))
                        : new Action.Delete(key, CascadeRig.modelYaml(model));
            }
            case 28 -> new Action.Forget(one(NODES, random), random.nextInt(4) != 0);
            case 29 -> new Action.Refusal(200 + random.nextInt(4_000));
            default -> new Action.Report(one(NODES, random), containers(random));
        };
    }

    private static Action apply(String key, String yaml) {
        return new Action.Apply(key, yaml);
    }

    private static Action foreignWrite(Random random) {
        String name = one(PACKAGES, random);
        return switch (random.nextInt(8)) {
            case 0 -> new Action.Write(Keys.artifact("Package", name), random.nextBoolean() ? null : "no: [yaml");
            case 1 -> new Action.Write(Keys.artifact("Package", name), aPackage(name, random));
            case 2 -> new Action.Write(Keys.packageState(name), random.nextBoolean() ? null : "Paused");
            case 3 -> {
                String scenario = one(SCENARIOS, random);
                yield new Action.Write(
                        Keys.artifact("Scenario", scenario),
                        random.nextBoolean() ? null : CascadeRig.scenarioYaml(scenario, name));
            }
            case 4 ->
                new Action.Write(Keys.artifact("Model", one(MODELS, random)), random.nextBoolean() ? null : "any");
            default ->
                new Action.Write(
                        Keys.modelState(one(MODELS, random)),
                        random.nextInt(4) == 0
                                ? null
                                : one(List.of(ModelState.values()), random).protobufName());
        };
    }

    private static String aPackage(String name, Random random) {
        List<String> models = new ArrayList<>(MODELS);
        Collections.shuffle(models, random);
        return CascadeRig.packageYaml(
                name, models.subList(0, random.nextInt(MODELS.size() + 1)).toArray(new String[0]));
    }

    private static List<String> containers(Random random) {
        List<String> containers = new ArrayList<>();
        for (int i = random.nextInt(6); i > 0; i--) {
            String model = one(MODELS, random);
            containers.add(model + "/" + model + "_" + random.nextInt(2) + "=" + one(STATUSES, random));
        }
        return containers;
    }

    private static <T> T one(List<T> list, Random random) {
        return list.get(random.nextInt(list.size()));
    }
}
