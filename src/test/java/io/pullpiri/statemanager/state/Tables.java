package io.pullpiri.statemanager.state;

import java.util.Collection;
import java.util.Locale;

/** The specification's tables, written apart from the code under test; states in capitals. */
public final class Tables {

    private Tables() {}

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

    /** @param podman {@code status} or {@code status:exit code} */
    public static String containerState(String podman) {
        return switch (podman) {
            case "created" -> "CREATED";
            case "running" -> "RUNNING";
            case "paused" -> "PAUSED";
            case "exited:0", "exited:143" -> "EXITED";
            case "exited:139", "stopped:1", "dead" -> "DEAD";
            default -> "UNKNOWN";
        };
    }

    /** However it is spelt: {@code Running}, {@code PACKAGE_STATE_RUNNING}. */
    public static String name(String stored) {
        return stored.replaceFirst("^[A-Z]+_STATE_", "").toUpperCase(Locale.ROOT);
    }
}
