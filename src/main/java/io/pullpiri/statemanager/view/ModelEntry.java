package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.StateCounts;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSet;
import org.pcollections.TreePMap;
import org.pcollections.TreePSet;

/**
 * What is known of one model.
 *
 * @param derived the state that its containers gave when they last gave one, null if they never did or are all gone:
 *     only a change of this makes a report write the model's key
 * @param packages the packages that name it
 * @param containers its containers by node, no list empty
 * @param artifact the Model artifact as it is stored; no state depends on it
 */
public record ModelEntry(
        String name,
        TrackedState<ModelState> state,
        @Nullable ModelState derived,
        PSet<String> packages,
        TreePMap<String, List<Container>> containers,
        Versioned<String> artifact) {

    public static ModelEntry empty(String name) {
        return new ModelEntry(
                name, TrackedState.empty(), null, TreePSet.<String>empty(), TreePMap.empty(), Versioned.absent());
    }

    /** What it counts as in its packages: a model without a state counts as created. */
    public ModelState counted() {
        ModelState value = state.value();
        return value == null ? ModelState.CREATED : value;
    }

    public ModelEntry with(TrackedState<ModelState> newState) {
        return new ModelEntry(name, newState, derived, packages, containers, artifact);
    }

    public ModelEntry derived(@Nullable ModelState newDerived) {
        return new ModelEntry(name, state, newDerived, packages, containers, artifact);
    }

    public ModelEntry with(PSet<String> newPackages) {
        return new ModelEntry(name, state, derived, newPackages, containers, artifact);
    }

    public ModelEntry withContainers(String node, List<Container> ofNode) {
        return new ModelEntry(
                name,
                state,
                derived,
                packages,
                ofNode.isEmpty() ? containers.minus(node) : containers.plus(node, ofNode),
                artifact);
    }

    public ModelEntry withArtifact(Versioned<String> newArtifact) {
        return new ModelEntry(name, state, derived, packages, containers, newArtifact);
    }

    /** About how much memory it takes; its containers are counted with their nodes. */
    public long bytes() {
        return 250
                + 50L * packages.size()
                + Versioned.bytes(artifact)
                + state.history().bytes();
    }

    /** Whether a package or a container stands behind it. */
    public boolean anchored() {
        return !packages.isEmpty() || !containers.isEmpty();
    }

    /** Whether nothing is left to remember. */
    public boolean isVoid() {
        return !anchored() && state.isVoid() && artifact.value() == null && !artifact.exists();
    }

    /** How many containers on all nodes are in each state. */
    public StateCounts<ContainerState> containerCounts() {
        List<ContainerState> states = new ArrayList<>();
        for (List<Container> ofNode : containers.values()) {
            for (Container container : ofNode) {
                states.add(container.state());
            }
        }
        return StateCounts.of(ContainerState.class, states);
    }
}
