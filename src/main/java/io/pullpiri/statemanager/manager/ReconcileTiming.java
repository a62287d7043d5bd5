// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.state.ReconcileVia;
import java.time.Duration;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * When calls are made, and which.
 *
 * @param delay between a package's death and the first call; null waits until NodeAgent's own healing is over
 * @param resync after which an acknowledged call is repeated if the package is still dead
 * @param timeout of one call of Reconcile
 * @param backoffMillis how long to wait after a number of failures in a row, which is at least one
 * @param via the calls that bring a package back
 * @param patience after which an acknowledged package that is still dead counts as refused, with {@link ReconcileVia#AUTO}
 * @param restartTimeout of one call of OffloadModel
 */
public record ReconcileTiming(
        @Nullable Duration delay,
        Duration resync,
        Duration timeout,
        IntToLongFunction backoffMillis,
        ReconcileVia via,
        Duration patience,
        Duration restartTimeout) {

    /** Only Reconcile is called. */
    public ReconcileTiming(Duration delay, Duration resync, Duration timeout, IntToLongFunction backoffMillis) {
        this(delay, resync, timeout, backoffMillis, ReconcileVia.RECONCILE, Duration.ZERO, timeout);
    }
}
