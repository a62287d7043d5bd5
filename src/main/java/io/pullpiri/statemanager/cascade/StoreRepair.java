// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.view.Transition.BY_STATE_MANAGER;
import static io.pullpiri.statemanager.view.Transition.BY_STORE;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.view.Causes;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.StoreKey;
import io.pullpiri.statemanager.view.Transition;
import org.jspecify.annotations.Nullable;

/** Repairs what differs from the rules after the store was read, and adds foreign changes to the history. */
final class StoreRepair {

    private static final String WHILE_AWAY = "changed in the store while StateManager was away";

    private final ViewBuilder builder;
    private final StatePropagation propagation;
    private final NodeContainers containers;

    StoreRepair(ViewBuilder builder, StatePropagation propagation, NodeContainers containers) {
        this.builder = builder;
        this.propagation = propagation;
        this.containers = containers;
    }

    /** Repairs all resources. Packages are evaluated at the end of the command. */
    void run() {
        models();
        builder.offloads().forEach((model, offload) -> {
            if (offload.record() == null) {
                builder.setOffload(model, null, Long.MAX_VALUE); // it was damaged
            }
        });
        builder.scenarios().values().forEach(this::scenario);
        builder.mirrorMarks().names().forEach(this::mark);
        for (PackageEntry entry : builder.packages().values()) {
            reportBroken("Package", entry.name(), entry.artifact().broken());
            propagation.markDirty(
                    entry.name(),
                    entry.artifact().exists() ? "found so at start" : "its artifact was deleted",
                    BY_STATE_MANAGER);
        }
    }

    /** Repairs all models. Also needed when a package that was broken without a good artifact gets one or is deleted. */
    // [impl->req~mdl-restart~1]
    void models() {
        boolean allRead = builder.nodes().values().stream().noneMatch(NodeEntry::damaged);
        if (!builder.hasBrokenWithoutGood()) {
            containers.rematchAll();
        }
        containers.dropRemoved();
        for (ModelEntry entry : builder.models().values()) {
            model(entry, allRead);
        }
    }

    private void model(ModelEntry entry, boolean allRead) {
        ModelState state = entry.state().value();
        Transition latest = entry.state().history().latest();
        recordForeignChange(entry);
        if (state != null && propagation.isOrphan(entry) && latest != null && latest.anchored()) {
            propagation.checkOrphan(entry.name());
        } else {
            deriveAfterRead(entry, allRead);
        }
    }

    /**
     * Repairs a model whose derived state does not match the stored lists, because a plan of several transactions stopped
     * after the first. The model gets the state that its containers give; without a container it does not run. A state that
     * another component wrote stands.
     *
     * @param allRead whether all node records could be read
     */
    private void deriveAfterRead(ModelEntry entry, boolean allRead) {
        ModelState state = entry.state().value();
        ModelState derived = entry.derived();
        Transition latest = entry.state().history().latest();
        if (latest == null || !latest.isDerived() || ModelState.parse(latest.to()) != state) {
            return;
        }
        boolean isGone = allRead && entry.containers().isEmpty() && builder.mayBeNamed(entry);
        if (derived != null && derived != state) {
            propagation.setModel(entry.name(), derived, Causes.containers(entry, derived), BY_STATE_MANAGER);
        } else if (isGone && builder.rules().vanished().after(state) != state) {
            // It is not known how the containers ended, so the model must not become dead and cause a reconcile.
            propagation.setModel(
                    entry.name(), ModelState.EXITED, "no stored list has a container of it", BY_STATE_MANAGER);
        }
    }

    /** Removes the mark of an artifact that another component has deleted. */
    private void mark(String name) {
        if (StoreKey.parse(name) instanceof StoreKey.ArtifactKey key
                && !builder.resource(key.kind(), key.name()).artifactText().exists()) {
            builder.setMark(name, false);
        }
    }

    private void scenario(ScenarioEntry entry) {
        String name = entry.name();
        ScenarioState state = entry.state().value();
        Transition latest = entry.state().history().latest();
        reportBroken("Scenario", name, entry.artifact().broken());
        recordForeignChange(entry);
        if (state == null && entry.artifact().good() != null) {
            propagation.setScenario(name, ScenarioState.IDLE, "its artifact appeared", BY_STORE);
        } else if (state != null && !entry.artifact().exists() && latest != null && latest.anchored()) {
            propagation.setScenario(name, null, "its artifact was deleted", BY_STORE);
        }
    }

    /** Adds a state that another component wrote while StateManager did not run to the history. */
    private void recordForeignChange(ResourceEntry<?> entry) {
        Transition latest = entry.state().history().latest();
        String known = latest == null ? "" : latest.to();
        String state = NamedState.titleOf(entry.state().value());
        if (!known.equals(state)) {
            builder.put(entry.with(propagation.recordTransition(entry, known, state, "", WHILE_AWAY, BY_STORE)));
        }
    }

    private void reportBroken(String kind, String name, @Nullable String broken) {
        if (broken != null) {
            builder.addAnomaly("broken-artifact", kind + "/" + name + " is broken: " + broken);
        }
    }
}
