// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The rules that an operator can configure.
 *
 * @param cleanExitCodes exit codes of a container that count as a clean stop
 * @param vanishGrace the grace period of a container that a list with other containers left out
 * @param emptyGrace the grace period of a container that only empty lists left out
 * @param stopWindow how long after its end a container that NodeAgent stopped may still be listed
 * @param vanished the state of a running or paused model that has lost its last container
 * @param reconcileOn the states in which a package counts as dead
 * @param protobufNames whether states are stored as {@code PACKAGE_STATE_RUNNING} instead of {@code Running}
 * @param historyLimit how many journal records of a resource's changes are kept
 */
public record Rules(
        Set<Integer> cleanExitCodes,
        Duration vanishGrace,
        Duration emptyGrace,
        Duration stopWindow,
        Vanished vanished,
        Set<PackageState> reconcileOn,
        boolean protobufNames,
        int historyLimit) {

    /** The setting {@code model.vanished}. */
    public enum Vanished {
        EXITED,
        DEAD,
        KEEP;

        /** The state of a model that was in state {@code was} when it lost its last container; null for none. */
        // [impl->req~mdl-vanished~1]
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
