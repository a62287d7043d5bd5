// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.settings;

import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.state.ExportedStateNames;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ReconcileVia;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one server. {@link SettingsLoader} reads them from the file, the environment and the command line.
 *
 * @param port the port for gRPC; 0 is any free port
 * @param faultPort the port for Timpani's faults; 0 is any free port, null opens none
 * @param httpPort the port for HTTP; 0 is any free port, null opens none
 * @param actionController {@code host:port}; null sends no reconcile requests
 * @param reconcileDelay null waits until NodeAgent's own restarts are over
 * @param reconcileCurrentStatus the name of a {@code PodStatus} of the wire
 * @param pullpiriStore {@code host:port} of Pullpiri's key-value service; null mirrors none
 * @param tracingEndpoint the URL of a collector; null sends no traces
 * @param logLevel the level in lower case
 * @param logService the socket of Pullpiri's LogService; null sends it no lines
 */
public record Settings(
        StoreLocation store,
        String host,
        int port,
        @Nullable Integer faultPort,
        @Nullable Integer httpPort,
        @Nullable String actionController,
        Rules rules,
        @Nullable Duration reconcileDelay,
        ReconcileVia reconcileVia,
        Duration reconcilePatience,
        Duration reconcileResync,
        Duration reconcileTimeout,
        String reconcileCurrentStatus,
        Duration offloadTimeout,
        Duration offloadSettle,
        Duration commitTimeout,
        int queueLimit,
        @Nullable String pullpiriStore,
        ExportedStateNames pullpiriStateNames,
        @Nullable String tracingEndpoint,
        String logLevel,
        @Nullable Path logService) {

    /** The place of the store. */
    public sealed interface StoreLocation {

        /** An embedded store in one file. */
        record Sqlite(Path file) implements StoreLocation {

            @Override
            public String toString() {
                return "sqlite:" + file.toAbsolutePath();
            }
        }

        /** An etcd cluster; each endpoint is {@code host:port}. */
        record Etcd(List<String> endpoints) implements StoreLocation {

            @Override
            public String toString() {
                return "etcd://" + String.join(",", endpoints);
            }
        }
    }

    /** The states that {@code reconcile.on} accepts. */
    static final Set<PackageState> MAY_BE_DEAD = Set.of(PackageState.ERROR, PackageState.DEGRADED);
}
