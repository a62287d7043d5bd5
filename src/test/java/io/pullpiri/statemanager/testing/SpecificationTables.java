// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** The specification's tables, written independently of the code under test. States are in capitals. */
public final class SpecificationTables {

    private SpecificationTables() {}

    /**
     * Returns the state of a package.
     *
     * @param models the states of the package's models; an empty text for a model without a state
     */
    public static String packageState(Collection<String> models) {
        long dead = models.stream().filter("DEAD"::equals).count();
        if (!models.isEmpty() && dead == models.size()) {
            return "ERROR";
        }
        if (dead >= 1) {
            return "DEGRADED";
        }
        if (!models.isEmpty() && models.stream().allMatch("PAUSED"::equals)) {
            return "PAUSED";
        }
        if (!models.isEmpty() && models.stream().allMatch("EXITED"::equals)) {
            return "EXITED";
        }
        return "RUNNING";
    }

    /**
     * Returns the state of a model; an empty text if all its containers are unknown.
     *
     * @param containers the states of the model's containers, from {@link #containerState}
     */
    public static String modelState(Collection<String> containers) {
        var known =
                containers.stream().filter(state -> !state.equals("UNKNOWN")).toList();
        if (known.isEmpty()) {
            return "";
        }
        if (known.contains("DEAD")) {
            return "DEAD";
        }
        if (known.stream().allMatch("PAUSED"::equals)) {
            return "PAUSED";
        }
        return known.stream().allMatch("EXITED"::equals) ? "EXITED" : "RUNNING";
    }

    /** @param podman {@code status}, {@code status:exit code} or {@code status:exit code:oom} */
    public static String containerState(String podman) {
        String[] facts = podman.split(":", -1);
        String code = facts.length > 1 ? facts[1] : "0";
        boolean oom = facts.length > 2;
        if (List.of("exited", "stopped", "removing").contains(facts[0])) {
            if (oom) {
                return "DEAD";
            }
            return switch (code) {
                case "0", "143" -> "EXITED";
                case "x" -> "UNKNOWN";
                default -> "DEAD";
            };
        }
        return switch (facts[0]) {
            case "created" -> "CREATED";
            case "running", "stopping", "restarting" -> "RUNNING";
            case "paused" -> "PAUSED";
            case "dead" -> "DEAD";
            default -> "UNKNOWN";
        };
    }

    /** Whether a request may take a scenario from one state to another, with steps in between that were not reported. */
    public static boolean scenarioMayBecome(String from, String to) {
        boolean denied = from.equals("DENIED");
        return switch (to) {
            case "IDLE", "WAITING" -> !from.equals(to);
            case "SATISFIED" -> !denied && !from.equals("SATISFIED");
            case "ALLOWED", "DENIED" ->
                List.of("", "IDLE", "WAITING", "SATISFIED").contains(from);
            case "COMPLETED" -> !denied && !from.equals("COMPLETED");
            default -> false;
        };
    }

    /** Returns the name of a state in any spelling, such as {@code Running} or {@code PACKAGE_STATE_RUNNING}. */
    public static String name(String stored) {
        return stored.replaceFirst("^[A-Z]+_STATE_", "").toUpperCase(Locale.ROOT);
    }
}
