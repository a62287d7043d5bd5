// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The table "Steps" of docs/specification.md, row by row over all requests, written apart from the code under test. */
class ScenarioStepsTest {

    private static final List<String> STATES =
            List.of("idle", "waiting", "satisfied", "allowed", "denied", "completed");

    private static final List<String> STEPS =
            List.of("idle>waiting", "waiting>satisfied", "satisfied>allowed", "satisfied>denied", "allowed>completed");

    /** Earlier states of the path, in order; "denied" is on none. */
    private static List<String> earlier(String state) {
        return switch (state) {
            case "waiting" -> List.of("idle");
            case "satisfied" -> List.of("idle", "waiting");
            case "allowed" -> List.of("idle", "waiting", "satisfied");
            case "completed" -> List.of("idle", "waiting", "satisfied", "allowed");
            default -> List.of();
        };
    }

    /** What the table says: {@code taken}, {@code unchanged} or {@code refused}, and how many steps were not reported. */
    private static String byTheTable(@Nullable String stored, String current, String target, boolean later) {
        String step = current + ">" + target;
        if (target.equals(stored)) {
            return "unchanged"; // already the target state
        }
        if (!STEPS.contains(step)) {
            return "refused"; // a request is one of these steps
        }
        if (stored == null || stored.equals(current)) {
            return "taken 0"; // the same, or there is none
        }
        if (earlier(current).contains(stored)) {
            return "taken " + (earlier(current).size() - earlier(stored).size()); // earlier on the path
        }
        boolean registers = step.equals("idle>waiting");
        boolean conditionMet = step.equals("waiting>satisfied");
        if (stored.equals("denied")) {
            return registers && later ? "round 0" : "refused";
        }
        if ((registers || conditionMet) && later) { // later on the path, or completed
            return "round " + earlier(current).size();
        }
        return "refused";
    }

    private static String decided(ScenarioSteps.Decision decision) {
        return switch (decision) {
            case ScenarioSteps.Decision.Unchanged unchanged -> "unchanged";
            case ScenarioSteps.Decision.Refused refused -> "refused";
            case ScenarioSteps.Decision.Taken taken ->
                (taken.newRound() ? "round " : "taken ") + taken.unreported().size();
        };
    }

    private static @Nullable ScenarioState parse(@Nullable String name) {
        return name == null ? null : ScenarioState.parse(name);
    }

    private static ScenarioSteps.Decision decide(
            @Nullable String stored, @Nullable String current, String target, boolean later) {
        ScenarioState to = ScenarioState.parse(target);
        assertThat(to).isNotNull();
        return ScenarioSteps.decide(parse(stored), parse(current), to == null ? ScenarioState.IDLE : to, later);
    }

    // [utest->req~scn-steps~2]
    @Test
    void anyRequest_isDecidedAsTheTableSays() {
        List<String> decisions = new ArrayList<>();
        for (String stored : Stream.concat(Stream.of("none"), STATES.stream()).toList()) {
            for (String current : STATES) {
                for (String target : STATES) {
                    for (boolean later : new boolean[] {false, true}) {
                        String from = stored.equals("none") ? null : stored;
                        String expected = byTheTable(from, current, target, later);
                        assertThat(decided(decide(from, current, target, later)))
                                .as("stored %s, request %s -> %s, later: %s", stored, current, target, later)
                                .isEqualTo(expected);
                        decisions.add(expected);
                    }
                }
            }
        }
        assertThat(decisions).as("every row is met").contains("taken 0", "taken 3", "round 0", "round 1", "refused");
    }

    // [utest->req~scn-steps~2]
    @Test
    void requestWithoutACurrentState_startsFromTheStoredState() {
        for (String stored : STATES) {
            for (String target : STATES) {
                boolean allowed = STEPS.contains(stored + ">" + target);
                assertThat(decided(decide(stored, null, target, true)))
                        .as("%s -> %s", stored, target)
                        .isEqualTo(stored.equals(target) ? "unchanged" : allowed ? "taken 0" : "refused");
            }
        }
    }

    // [utest->req~scn-steps~2]
    @Test
    void stepsThatNoComponentReported_areNamedInTheirOrder() {
        assertThat(decide("idle", "allowed", "completed", false))
                .isEqualTo(new ScenarioSteps.Decision.Taken(
                        List.of("idle -> waiting", "waiting -> satisfied", "satisfied -> allowed"), false));
        assertThat(decide("completed", "waiting", "satisfied", true))
                .isEqualTo(new ScenarioSteps.Decision.Taken(List.of("idle -> waiting"), true));
    }
}
