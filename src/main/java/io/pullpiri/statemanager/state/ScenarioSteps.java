// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a requested step of a scenario. In Pullpiri each step is reported by another component, once, and some
 * steps by none. So the stored state is compared with the state that the request starts from. Pure functions.
 */
public final class ScenarioSteps {

    /** A scenario's way through one round, if it is not denied. */
    private static final List<ScenarioState> PATH = List.of(
            ScenarioState.IDLE,
            ScenarioState.WAITING,
            ScenarioState.SATISFIED,
            ScenarioState.ALLOWED,
            ScenarioState.COMPLETED);

    private ScenarioSteps() {}

    /** What becomes of a request. */
    public sealed interface Decision {

        /**
         * The scenario takes the step.
         *
         * @param unreported the steps before it that no component reported, such as {@code idle -> waiting}; in their order
         * @param newRound whether the scenario had gone further already and begins again
         */
        record Taken(List<String> unreported, boolean newRound) implements Decision {}

        /** The scenario has the target state already. */
        record Unchanged() implements Decision {}

        /** The rules do not allow the step. */
        record Refused() implements Decision {}
    }

    /**
     * Decides on a request.
     *
     * @param stored the scenario's state; null if it has none
     * @param current the state that the request starts from; null if it names none
     * @param later whether the request was made after the scenario's last change
     */
    // [impl->req~scn-steps~2]
    public static Decision decide(
            @Nullable ScenarioState stored, @Nullable ScenarioState current, ScenarioState target, boolean later) {
        if (stored == target) {
            return new Decision.Unchanged();
        }
        ScenarioState from = current != null ? current : stored != null ? stored : ScenarioState.IDLE;
        if (!StateMachine.mayStep(from, target)) {
            return new Decision.Refused();
        }
        if (stored == null || stored == from) {
            return new Decision.Taken(List.of(), false);
        }
        if (stored == ScenarioState.DENIED) {
            return from == ScenarioState.IDLE && later ? new Decision.Taken(List.of(), true) : new Decision.Refused();
        }
        if (PATH.indexOf(stored) < PATH.indexOf(from)) {
            return new Decision.Taken(steps(stored, from), false);
        }
        boolean beginsARound = target == ScenarioState.WAITING || target == ScenarioState.SATISFIED;
        return beginsARound && later
                ? new Decision.Taken(steps(ScenarioState.IDLE, from), true)
                : new Decision.Refused();
    }

    private static List<String> steps(ScenarioState from, ScenarioState to) {
        List<String> steps = new ArrayList<>();
        for (int i = PATH.indexOf(from); i < PATH.indexOf(to); i++) {
            steps.add(name(PATH.get(i)) + " -> " + name(PATH.get(i + 1)));
        }
        return steps;
    }

    private static String name(ScenarioState state) {
        return state.title().toLowerCase(Locale.ROOT);
    }
}
