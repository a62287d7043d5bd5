package io.pullpiri.statemanager.settings;

import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.state.PackageState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How one server is to run. {@link SettingsLoader} makes it from the file, the environment and the command line.
 *
 * @param port 0 is any free port
 * @param faultPort the same; null is none
 * @param httpPort the same; null is none
 * @param actionController {@code host:port}, null is nobody
 * @param reconcileCurrentStatus a name of the wire's PodStatus
 * @param tracingEndpoint a URL, null is nowhere
 * @param logLevel in lower case
 */
public record Settings(
        StoreLocation store,
        String host,
        int port,
        @Nullable Integer faultPort,
        @Nullable Integer httpPort,
        @Nullable String actionController,
        Rules rules,
        Duration reconcileDelay,
        Duration reconcileResync,
        Duration reconcileTimeout,
        String reconcileCurrentStatus,
        Duration commitTimeout,
        int queueLimit,
        @Nullable String tracingEndpoint,
        String logLevel) {

    /** Where the states are kept. */
    public sealed interface StoreLocation {

        /** An embedded store in one file. */
        record Sqlite(Path file) implements StoreLocation {

            @Override
            public String toString() {
                return "sqlite:" + file.toAbsolutePath();
            }
        }

        /** An etcd cluster, its members as {@code host:port}. */
        record Etcd(List<String> endpoints) implements StoreLocation {

            @Override
            public String toString() {
                return "etcd://" + String.join(",", endpoints);
            }
        }
    }

    /** What may count as a dead package. */
    static final Set<PackageState> MAY_BE_DEAD = Set.of(PackageState.ERROR, PackageState.DEGRADED);
}
