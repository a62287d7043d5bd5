// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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
 * What the view holds of one model.
 *
 * @param derived the state that its containers last gave; null if they never gave one or are all gone. A report writes the
 *     model's key only when this changes.
 * @param packages the packages that name it
 * @param containers its containers by node; no list is empty
 * @param artifactText the Model artifact as it is stored; no state depends on it
 * @param restart the record of its restarts in place; absent if there was none
 */
public record ModelEntry(
        String name,
        TrackedState<ModelState> state,
        @Nullable ModelState derived,
        PSet<String> packages,
        TreePMap<String, List<Container>> containers,
        Versioned<String> artifactText,
        Versioned<RestartRecord> restart)
        implements ResourceEntry<ModelState> {

    /** The entry of an unknown model. */
    public static ModelEntry empty(String name) {
        return new ModelEntry(
                name,
                TrackedState.empty(),
                null,
                TreePSet.<String>empty(),
                TreePMap.empty(),
                Versioned.absent(),
                Versioned.absent());
    }

    /** The state that counts in its packages: a model without a state counts as created. */
    // [impl->req~pkg-unreported-model~1]
    // [impl->req~mdl-created~1]
    public ModelState counted() {
        ModelState value = state.value();
        return value == null ? ModelState.CREATED : value;
    }

    @Override
    public ResourceKind kind() {
        return ResourceKind.MODEL;
    }

    @Override
    public @Nullable ModelState parseState(String text) {
        return ModelState.parse(text);
    }

    @Override
    public ModelEntry with(TrackedState<ModelState> newState) {
        return new ModelEntry(name, newState, derived, packages, containers, artifactText, restart);
    }

    /** The entry with another derived state; null for none. */
    public ModelEntry derived(@Nullable ModelState newDerived) {
        return new ModelEntry(name, state, newDerived, packages, containers, artifactText, restart);
    }

    /** The entry with other packages that name it. */
    public ModelEntry with(PSet<String> newPackages) {
        return new ModelEntry(name, state, derived, newPackages, containers, artifactText, restart);
    }

    /** The entry with other containers on one node. */
    public ModelEntry withContainers(String node, List<Container> ofNode) {
        return new ModelEntry(
                name,
                state,
                derived,
                packages,
                ofNode.isEmpty() ? containers.minus(node) : containers.plus(node, ofNode),
                artifactText,
                restart);
    }

    /** The entry with another record of its restarts in place. */
    public ModelEntry withRestart(Versioned<RestartRecord> newRestart) {
        return new ModelEntry(name, state, derived, packages, containers, artifactText, newRestart);
    }

    @Override
    public ModelEntry withArtifactText(Versioned<String> newText) {
        return new ModelEntry(name, state, derived, packages, containers, newText, restart);
    }

    /** {@inheritDoc} Its containers are counted with their nodes. */
    @Override
    public long bytes() {
        return 250
                + 50L * packages.size()
                + Versioned.bytes(artifactText)
                + state.history().bytes();
    }

    @Override
    public boolean anchored() {
        return !packages.isEmpty() || !containers.isEmpty();
    }

    @Override
    public boolean isVoid() {
        return !anchored()
                && state.isVoid()
                && artifactText.value() == null
                && !artifactText.exists()
                && restart.value() == null
                && !restart.exists();
    }

    /** Counts the containers on all nodes by state. */
    // [impl->req~lst-union~1]
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
