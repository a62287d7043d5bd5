package io.pullpiri.statemanager.state;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The rules: what a package is when its models are so, what a model is when its containers are so, what a container is
 * when podman says so. Pure functions, in the words and the order of the specification's tables.
 */
public final class StateMachine {

    private StateMachine() {}

    /**
     * The seed's table 4.1, but for idle, which depends on a package's past and not on its models' states. Allocates
     * nothing.
     *
     * @return {@code RUNNING} for a package without models: "all models" is never true of none
     */
    // [impl->req~pkg-paused~1]
    // [impl->req~pkg-exited~1]
    // [impl->req~pkg-degraded~1]
    // [impl->req~pkg-error~1]
    // [impl->req~pkg-running~1]
    public static PackageState packageState(StateCounts<ModelState> models) {
        int all = models.total();
        int dead = models.count(ModelState.DEAD);
        if (dead > 0) {
            return dead == all ? PackageState.ERROR : PackageState.DEGRADED;
        }
        if (all > 0 && models.count(ModelState.PAUSED) == all) {
            return PackageState.PAUSED;
        }
        if (all > 0 && models.count(ModelState.EXITED) == all) {
            return PackageState.EXITED;
        }
        return PackageState.RUNNING;
    }

    /** The same for a list of states. */
    public static PackageState packageState(Collection<ModelState> models) {
        return packageState(StateCounts.of(ModelState.class, models));
    }

    /**
     * What a model's containers make of it. Unknown ones are left out.
     *
     * @return null if no other is left: nothing is known, so nothing is concluded
     */
    // [impl->req~mdl-dead~1]
    // [impl->req~mdl-paused~1]
    // [impl->req~mdl-exited~1]
    // [impl->req~mdl-running~1]
    // [impl->req~mdl-unknown~1]
    public static @Nullable ModelState modelState(StateCounts<ContainerState> containers) {
        int known = containers.total() - containers.count(ContainerState.UNKNOWN);
        if (known == 0) {
            return null;
        }
        if (containers.count(ContainerState.DEAD) > 0) {
            return ModelState.DEAD;
        }
        if (containers.count(ContainerState.PAUSED) == known) {
            return ModelState.PAUSED;
        }
        if (containers.count(ContainerState.EXITED) == known) {
            return ModelState.EXITED;
        }
        return ModelState.RUNNING;
    }

    /**
     * What podman's {@code State} makes of a container. podman leaves facts of an earlier life over when the same container
     * is started again: {@code OOMKilled} and the meaning of {@code ExitCode} count only while it says that the container
     * has ended.
     *
     * @param podman Status, ExitCode and OOMKilled count; all as text, in any case
     * @param cleanExitCodes exit codes that are a clean stop
     */
    // [impl->req~con-status~1]
    // [impl->req~con-oom~1]
    public static ContainerState containerState(Map<String, String> podman, Set<Integer> cleanExitCodes) {
        String status = podman.getOrDefault("Status", "").toLowerCase(Locale.ROOT);
        if (hasEnded(status) && "true".equalsIgnoreCase(podman.get("OOMKilled"))) {
            return ContainerState.DEAD;
        }
        String exitCode = podman.getOrDefault("ExitCode", "");
        if (!ExitCode.isInteger(exitCode)) {
            return ContainerState.UNKNOWN;
        }
        return switch (status) {
            case "created", "configured" -> ContainerState.CREATED;
            case "initialized" -> ContainerState.INITIALIZED;
            case "running", "stopping", "restarting" -> ContainerState.RUNNING;
            case "paused" -> ContainerState.PAUSED;
            case "exited", "stopped", "removing" ->
                ExitCode.isClean(exitCode, cleanExitCodes) ? ContainerState.EXITED : ContainerState.DEAD;
            case "dead" -> ContainerState.DEAD;
            default -> ContainerState.UNKNOWN;
        };
    }

    // [impl->req~con-stale~1]
    private static boolean hasEnded(String status) {
        return switch (status) {
            case "exited", "stopped", "removing", "dead" -> true;
            default -> false;
        };
    }

    /** Whether a scenario may step from one state to another one. */
    // [impl->req~scn-steps~1]
    public static boolean mayStep(ScenarioState from, ScenarioState to) {
        return switch (from) {
            case IDLE -> to == ScenarioState.WAITING;
            case WAITING -> to == ScenarioState.SATISFIED;
            case SATISFIED -> to == ScenarioState.ALLOWED || to == ScenarioState.DENIED;
            case ALLOWED -> to == ScenarioState.COMPLETED;
            case DENIED, COMPLETED -> false;
        };
    }
}
