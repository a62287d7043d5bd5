// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import io.pullpiri.statemanager.simulation.Action.Step;
import io.pullpiri.statemanager.state.ScenarioState;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** What Pullpiri's components report, as observed on a real vehicle: sequences of actions that random days do not have. */
final class Scripts {

    private Scripts() {}

    /** Returns the actions of one sequence. */
    static List<Step> one(Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> stop(random);
            case 1 -> podmanAway(random);
            case 2 -> removedAfterItsDeath(random);
            default -> scenarioRound(random);
        };
    }

    /** NodeAgent stops a container with SIGKILL and removes it. The list in between, with exit code 137, is sometimes late. */
    private static List<Step> stop(Random random) {
        String node = pick(Day.NODES, random);
        String container = container(random);
        return List.of(
                report(random.nextInt(100), node, container + "=running", other(random)),
                report(random.nextInt(1_500), node, container + "=exited:137", other(random)),
                random.nextInt(3) == 0
                        ? report(seconds(random, 1, 2), node)
                        : report(random.nextInt(2_000), node, container + "=exited:137", other(random)),
                report(random.nextInt(3) == 0 ? seconds(random, 13, 18) : random.nextInt(2_000), node, other(random)),
                new Step(seconds(random, 1, 5), new Action.Read()));
    }

    /**
     * Podman does not answer for a second or much longer: the lists are empty. Then NodeAgent reports again, or it restarts and
     * says nothing.
     */
    private static List<Step> podmanAway(Random random) {
        String node = pick(Day.NODES, random);
        String first = container(random) + "=" + pick(List.of("running", "paused", "exited:139"), random);
        String second = other(random);
        List<Step> steps = new ArrayList<>();
        steps.add(report(random.nextInt(100), node, first, second));
        steps.add(report(random.nextInt(500), node));
        if (random.nextBoolean()) {
            steps.add(report(seconds(random, 1, 28), node));
        }
        switch (random.nextInt(4)) {
            case 0 -> steps.add(report(1_000, node, first, second));
            case 1 -> steps.add(report(seconds(random, 1, 32), node, second));
            case 2 -> steps.add(new Step(seconds(random, 28, 33), new Action.Read()));
            default -> steps.add(report(seconds(random, 26, 32), node, first, second));
        }
        return steps;
    }

    /** A container dies and is removed. Later one of its name runs on either node, or none does. */
    private static List<Step> removedAfterItsDeath(Random random) {
        String node = pick(Day.NODES, random);
        String container = container(random);
        List<Step> steps = new ArrayList<>();
        steps.add(report(random.nextInt(100), node, container + "=exited:139", other(random)));
        steps.add(report(random.nextInt(3_000), node, other(random)));
        if (random.nextBoolean()) {
            steps.add(report(seconds(random, 2, 5), pick(Day.NODES, random), container + "=running", other(random)));
        }
        steps.add(new Step(seconds(random, 2, 5), new Action.Read()));
        return steps;
    }

    /**
     * A round of a scenario: ApiServer announces it, FilterGateway reports its condition, nothing reports allowed. FilterGateway
     * may restart and register again, and repeats a step; the server may be killed in between.
     */
    private static List<Step> scenarioRound(Random random) {
        String scenario = pick(Day.SCENARIOS, random);
        List<Step> steps = new ArrayList<>();
        if (random.nextBoolean()) {
            steps.add(step(random, scenario, null, ScenarioState.IDLE));
        }
        steps.add(step(random, scenario, ScenarioState.IDLE, ScenarioState.WAITING));
        steps.add(step(random, scenario, ScenarioState.WAITING, ScenarioState.SATISFIED));
        if (random.nextInt(4) == 0) {
            steps.add(step(random, scenario, ScenarioState.SATISFIED, ScenarioState.DENIED));
        }
        if (random.nextInt(4) == 0) {
            steps.add(new Step(random.nextInt(5), new Action.Crash()));
        }
        steps.add(step(random, scenario, ScenarioState.ALLOWED, ScenarioState.COMPLETED));
        steps.add(step(random, scenario, ScenarioState.IDLE, ScenarioState.WAITING));
        return steps;
    }

    private static Step step(Random random, String scenario, @Nullable ScenarioState from, ScenarioState to) {
        return new Step(random.nextInt(1_500), new Action.StepScenario(scenario, from, to));
    }

    private static Step report(int waitMillis, String node, String... containers) {
        return new Step(waitMillis, new Action.Report(node, List.of(containers)));
    }

    /** A container without a status: its model and its name. */
    private static String container(Random random) {
        String model = pick(Day.MODELS, random);
        return model + "/" + model + "_" + random.nextInt(2);
    }

    /** A container of the same node that has nothing to do with the sequence. */
    private static String other(Random random) {
        String model = pick(Day.MODELS, random);
        return model + "/" + model + "_9=running";
    }

    private static int seconds(Random random, int from, int to) {
        return random.nextInt(from * 1_000, to * 1_000);
    }

    private static <T> T pick(List<T> list, Random random) {
        return list.get(random.nextInt(list.size()));
    }
}
