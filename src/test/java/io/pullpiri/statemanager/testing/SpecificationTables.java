package io.pullpiri.statemanager.testing;

import java.util.Collection;
import java.util.List;
import java.util.Locale;

/** The specification's tables, written apart from the code under test; states in capitals. */
public final class SpecificationTables {

    private SpecificationTables() {}

    /** @param models of the package; empty text for one that has no state */
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

    /** @param containers of the model, as {@link #containerState} has them; empty text if nothing is known */
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

    /** However it is spelt: {@code Running}, {@code PACKAGE_STATE_RUNNING}. */
    public static String name(String stored) {
        return stored.replaceFirst("^[A-Z]+_STATE_", "").toUpperCase(Locale.ROOT);
    }
}
