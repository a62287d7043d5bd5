// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Derives the state of a package, and the cause of a change, from the states of its models. Pure functions. The conditions
 * of the seed's table 4.1 are in {@link StateMachine#packageState(StateCounts)}. This class adds what depends on the
 * package's past and on its artifact.
 */
public final class PackageRules {

    private PackageRules() {}

    /** Whether a package exists according to its artifact. */
    public enum ArtifactStatus {
        /** A good artifact names the package's models. */
        IN_FORCE,
        /** The stored artifact is broken, and no earlier good one is known. */
        BROKEN_WITHOUT_GOOD,
        /** There is no artifact. */
        ABSENT
    }

    /**
     * A package to be evaluated.
     *
     * @param current the state in force; null for none
     * @param models how many models are in each state; a model without a state counts as created
     * @param modelsWithState how many of the models have a state
     */
    public record Facts(
            @Nullable PackageState current,
            ArtifactStatus artifact,
            StateCounts<ModelState> models,
            int modelsWithState) {}

    /**
     * What made the evaluation necessary.
     *
     * @param cause for example {@code brake dead (container brake_ctl on HPC: exit code 139)}
     * @param namesDeadModel whether the cause names a dead model
     */
    public record Trigger(String cause, boolean namesDeadModel) {}

    /**
     * The result of an evaluation.
     *
     * @param state null if the package does not exist
     * @param cause why the state changed; empty if it is the current one
     */
    public record Evaluation(@Nullable PackageState state, String cause) {}

    /**
     * Evaluates a package.
     *
     * @param deadModels gives a text that counts and names the dead models; called only when the cause needs it
     */
    public static Evaluation evaluate(Facts facts, Trigger trigger, Supplier<String> deadModels) {
        PackageState state = state(facts);
        return new Evaluation(state, state == facts.current ? "" : cause(state, facts.models, trigger, deadModels));
    }

    private static @Nullable PackageState state(Facts facts) {
        return switch (facts.artifact) {
            case ABSENT -> null;
            // The models are not known, so the state stays until the artifact is good or is deleted.
            case BROKEN_WITHOUT_GOOD -> facts.current;
            case IN_FORCE -> isUnreported(facts) ? PackageState.IDLE : StateMachine.packageState(facts.models);
        };
    }

    /** A package is idle from its creation until one of its models has a state, and never again. */
    // [impl->req~pkg-idle~1]
    private static boolean isUnreported(Facts facts) {
        return facts.modelsWithState == 0 && (facts.current == null || facts.current == PackageState.IDLE);
    }

    private static String cause(
            @Nullable PackageState state,
            StateCounts<ModelState> models,
            Trigger trigger,
            Supplier<String> deadModels) {
        return switch (state) {
            case PAUSED -> counted(models, ModelState.PAUSED, trigger.cause);
            case EXITED -> counted(models, ModelState.EXITED, trigger.cause);
            case DEGRADED, ERROR ->
                trigger.namesDeadModel
                        ? counted(models, ModelState.DEAD, trigger.cause)
                        // The package appeared after its models died, or one of several dead models recovered.
                        : deadModels.get() + "; " + trigger.cause;
            case IDLE, RUNNING -> trigger.cause;
            case null -> trigger.cause;
        };
    }

    /** Counts the models in one state: {@code 1 of 4 models dead: ...}, with {@code detail} after the colon. */
    public static String counted(StateCounts<ModelState> models, ModelState state, String detail) {
        return models.count(state) + " of " + models.total() + " models "
                + state.title().toLowerCase(Locale.ROOT) + ": " + detail;
    }
}
