// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The scenarios that the reconcile requests of a dead package name.
 *
 * @param scenarios sorted by name; empty if no request is sent
 * @param whyNone why no request is sent, for an operator; empty if there are scenarios
 */
public record ReconcileTargets(List<String> scenarios, String whyNone) {

    private static final String TERMINATE = "terminate";

    private static ReconcileTargets none(String why) {
        return new ReconcileTargets(List.of(), why);
    }

    /**
     * Finds the scenarios that target a package and do not terminate it. There is none if the scenario that completed last
     * terminates the package: it is stopped because an operator wants it so.
     */
    // [impl->req~rec-targets~1]
    public static ReconcileTargets of(View view, String packageName) {
        List<String> named = new ArrayList<>();
        boolean targeted = false;
        ScenarioEntry lastCompleted = null;
        for (String name : view.scenariosOf(packageName)) {
            ScenarioEntry scenario = view.scenarios().get(name);
            if (scenario == null) {
                continue;
            }
            targeted = true;
            if (!isTerminate(scenario)) {
                named.add(name);
            }
            if (completedNanos(scenario) > 0 && (lastCompleted == null || isLater(scenario, lastCompleted))) {
                lastCompleted = scenario;
            }
        }
        if (!targeted) {
            return none("no scenario targets it, so no request can be sent");
        }
        if (named.isEmpty()) {
            return none("only scenarios that terminate it target it, so no request is sent");
        }
        return lastCompleted != null && isTerminate(lastCompleted)
                ? none("scenario " + lastCompleted.name() + " completed last and terminates it, so no request is sent")
                : new ReconcileTargets(named.stream().sorted().toList(), "");
    }

    private static boolean isTerminate(ScenarioEntry scenario) {
        return scenario.action().filter(TERMINATE::equalsIgnoreCase).isPresent();
    }

    /** Of two that completed at one moment, the one that terminates counts. */
    private static boolean isLater(ScenarioEntry one, ScenarioEntry other) {
        int order = Long.compare(completedNanos(one), completedNanos(other));
        return order > 0 || (order == 0 && isTerminate(one));
    }

    private static long completedNanos(ScenarioEntry scenario) {
        return Optional.ofNullable(scenario.state().history().latest())
                .map(Transition::lastCompletedNanos)
                .orElse(0L);
    }
}
