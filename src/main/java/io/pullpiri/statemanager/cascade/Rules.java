package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an operator may set of the rules.
 *
 * @param cleanExitCodes exit codes of a container that count as a clean stop
 * @param vanishGrace how long a container that its node stops naming still counts
 * @param vanished what becomes of a running or paused model whose last container is gone
 * @param reconcileOn in which states a package counts as dead
 * @param protobufNames whether states are stored as {@code PACKAGE_STATE_RUNNING} instead of {@code Running}
 * @param historyLimit how many changes of a resource are kept
 */
public record Rules(
        Set<Integer> cleanExitCodes,
        Duration vanishGrace,
        Vanished vanished,
        Set<PackageState> reconcileOn,
        boolean protobufNames,
        int historyLimit) {

    /** The setting {@code model.vanished}. */
    public enum Vanished {
        EXITED,
        DEAD,
        KEEP;

        /** The state of a model that was in state {@code was} when its last container went. */
        @Nullable
        ModelState after(@Nullable ModelState was) {
            if (was != ModelState.RUNNING && was != ModelState.PAUSED) {
                return was;
            }
            return switch (this) {
                case EXITED -> ModelState.EXITED;
                case DEAD -> ModelState.DEAD;
                case KEEP -> was;
            };
        }
    }
}
