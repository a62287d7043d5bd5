// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tables of the specification as pure functions: the state of a package from its models, of a model from its containers,
 * and of a container from podman's facts. Conditions are in the order of the tables; see docs/specification.md.
 */
public final class StateMachine {

    private StateMachine() {}

    /**
     * The seed's table 4.1 without idle: {@link PackageRules} adds idle, which depends on the package's past. Allocates
     * nothing.
     *
     * @return {@code RUNNING} for a package without models, because "all models" is never true of an empty list
     */
    public static PackageState packageState(StateCounts<ModelState> models) {
        int all = models.total();
        int dead = models.count(ModelState.DEAD);
        // [impl->req~pkg-error~1]
        // [impl->req~pkg-degraded~1]
        if (dead > 0) {
            return dead == all ? PackageState.ERROR : PackageState.DEGRADED;
        }
        // [impl->req~pkg-paused~1]
        if (all > 0 && models.count(ModelState.PAUSED) == all) {
            return PackageState.PAUSED;
        }
        // [impl->req~pkg-exited~1]
        if (all > 0 && models.count(ModelState.EXITED) == all) {
            return PackageState.EXITED;
        }
        // [impl->req~pkg-running~1]
        return PackageState.RUNNING;
    }

    /** Applies table 4.1 to a list of model states. */
    public static PackageState packageState(Collection<ModelState> models) {
        return packageState(StateCounts.of(ModelState.class, models));
    }

    /**
     * Derives the state of a model from its containers. Unknown containers are left out.
     *
     * @return null if no other container is left: nothing is known, so the model keeps its state
     */
    public static @Nullable ModelState modelState(StateCounts<ContainerState> containers) {
        int known = containers.total() - containers.count(ContainerState.UNKNOWN);
        // [impl->req~mdl-unknown~1]
        if (known == 0) {
            return null;
        }
        // [impl->req~mdl-dead~1]
        if (containers.count(ContainerState.DEAD) > 0) {
            return ModelState.DEAD;
        }
        // [impl->req~mdl-paused~1]
        if (containers.count(ContainerState.PAUSED) == known) {
            return ModelState.PAUSED;
        }
        // [impl->req~mdl-exited~1]
        if (containers.count(ContainerState.EXITED) == known) {
            return ModelState.EXITED;
        }
        // [impl->req~mdl-running~1]
        return ModelState.RUNNING;
    }

    /**
     * Derives the state of a container from podman's {@code State}. Podman keeps some facts when the same container starts
     * again. Therefore {@code OOMKilled} and {@code ExitCode} count only while podman says that the container has ended.
     * An {@code ExitCode} that is not an integer makes the container unknown in any status, unless it was killed for memory.
     *
     * @param podman podman's fields as text, in any case; Status, ExitCode and OOMKilled are used
     * @param cleanExitCodes exit codes that count as a clean stop, in addition to 0
     */
    public static ContainerState containerState(Map<String, String> podman, Set<Integer> cleanExitCodes) {
        String status = podman.getOrDefault("Status", "").toLowerCase(Locale.ROOT);
        // [impl->req~con-oom~1]
        if (hasEnded(status) && "true".equalsIgnoreCase(podman.get("OOMKilled"))) {
            return ContainerState.DEAD;
        }
        String exitCode = podman.getOrDefault("ExitCode", "");
        if (!ExitCode.isInteger(exitCode)) {
            return ContainerState.UNKNOWN;
        }
        // [impl->req~con-status~1]
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

    /** Returns whether a scenario may step from one state to another. */
    // [impl->req~scn-steps~2]
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
