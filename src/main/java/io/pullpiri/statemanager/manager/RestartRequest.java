// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.Launch;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.OffloadRequest;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ReconcileTargets;
import io.pullpiri.statemanager.view.View;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes the request that restarts a dead model on its node. Pure functions. */
final class RestartRequest {

    private RestartRequest() {}

    /** A dead container and its node. */
    private record Place(String node, @Nullable Launch launch) {}

    /**
     * Makes the request. Scenario, package, policy and node are those of the dead container. What it does not say, or what is
     * not valid any more, comes from the package.
     *
     * @param attempt the number of the restart
     * @return null if no node or no scenario is known
     */
    // [impl->req~rec-restart-in-place~1]
    static @Nullable OffloadRequest of(View view, PackageEntry entry, ModelEntry model, int attempt) {
        Place place = dead(model).or(() -> planned(entry, model.name())).orElse(null);
        List<String> scenarios = ReconcileTargets.of(view, entry.name()).scenarios();
        if (place == null || scenarios.isEmpty()) {
            return null;
        }
        Launch stated = place.launch;
        Launch launch = stated != null && model.packages().contains(stated.packageName()) ? stated : null;
        String packageName = launch == null ? entry.name() : launch.packageName();
        List<String> ofPackage = ReconcileTargets.of(view, packageName).scenarios();
        String scenario = launch != null && ofPackage.contains(launch.scenario())
                ? launch.scenario()
                : ofPackage.isEmpty() ? scenarios.getFirst() : ofPackage.getFirst();
        return new OffloadRequest(
                scenario,
                packageName,
                model.name(),
                place.node,
                place.node,
                launch == null ? "" : launch.policy(),
                "restart " + attempt + " of dead model " + model.name() + " by StateManager");
    }

    private static Optional<Place> dead(ModelEntry model) {
        for (Map.Entry<String, List<Container>> ofNode : model.containers().entrySet()) {
            for (Container container : ofNode.getValue()) {
                if (container.state() == ContainerState.DEAD) {
                    return Optional.of(new Place(ofNode.getKey(), container.launch()));
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Place> planned(PackageEntry entry, String model) {
        PackageArtifact artifact = entry.artifact().good();
        return artifact == null
                ? Optional.empty()
                : artifact.models().stream()
                        .filter(ref -> ref.name().equals(model) && !ref.node().isEmpty())
                        .findFirst()
                        .map(ref -> new Place(ref.node(), null));
    }
}
