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
import io.pullpiri.statemanager.view.Transition;
import org.jspecify.annotations.Nullable;

/** What has become of things while nobody looked: what differs from the rules is put right, and the history says so. */
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

    void run() {
        models();
        builder.scenarios().values().forEach(this::scenario);
        for (PackageEntry entry : builder.packages().values()) {
            brokenNotice("Package", entry.name(), entry.artifact().broken());
            propagation.markDirty(
                    entry.name(),
                    entry.artifact().exists() ? "found so at start" : "its artifact was deleted",
                    BY_STATE_MANAGER);
        }
    }

    /** Also when a package that could not be read has become known, or is gone. */
    void models() {
        boolean allRead = builder.nodes().values().stream().noneMatch(NodeEntry::unparsable);
        if (!builder.hasUnparsable()) {
            containers.rematchAll();
        }
        for (ModelEntry entry : builder.models().values()) {
            model(entry, allRead);
        }
    }

    private void model(ModelEntry entry, boolean allRead) {
        ModelState state = entry.state().value();
        Transition latest = entry.state().history().latest();
        remember(entry);
        if (state != null && propagation.isOrphan(entry) && latest != null && latest.anchored()) {
            propagation.checkOrphan(entry.name());
        } else {
            deriveAfterRead(entry, allRead);
        }
    }

    /**
     * Puts right a model whose state came from a list that was not stored, or went with it: a plan too large for one
     * transaction broke off. It is what its containers give, as far as their nodes' stored lists go, and does not run if it
     * has none. Others' word stands, unless that plan had taken it away.
     *
     * @param allRead whether every node's stored list could be read
     */
    private void deriveAfterRead(ModelEntry entry, boolean allRead) {
        ModelState state = entry.state().value();
        ModelState derived = entry.derived();
        Transition latest = entry.state().history().latest();
        if (latest == null || !latest.isDerived() || ModelState.parse(latest.to()) != state) {
            return;
        }
        boolean isGone = allRead && entry.containers().isEmpty() && propagation.mayBeNamed(entry);
        if (derived != null && derived != state) {
            propagation.setModel(entry.name(), derived, Causes.containers(entry, derived), BY_STATE_MANAGER);
        } else if (isGone && builder.rules().vanished().after(state) != state) {
            // No container was seen to go: nothing that would have anybody reconcile it.
            propagation.setModel(
                    entry.name(), ModelState.EXITED, "no stored list has a container of it", BY_STATE_MANAGER);
        }
    }

    private void scenario(ScenarioEntry entry) {
        String name = entry.name();
        ScenarioState state = entry.state().value();
        Transition latest = entry.state().history().latest();
        brokenNotice("Scenario", name, entry.artifact().broken());
        remember(entry);
        if (state == null && entry.artifact().good() != null) {
            propagation.setScenario(name, ScenarioState.IDLE, "its artifact appeared", BY_STORE);
        } else if (state != null && !entry.artifact().exists() && latest != null && latest.anchored()) {
            propagation.setScenario(name, null, "its artifact was deleted", BY_STORE);
        }
    }

    /** Another component's word of the time when nobody looked belongs to the history too. */
    private void remember(ResourceEntry<?> entry) {
        Transition latest = entry.state().history().latest();
        String known = latest == null ? "" : latest.to();
        String state = NamedState.titleOf(entry.state().value());
        if (!known.equals(state)) {
            builder.put(entry.with(propagation.recordTransition(entry, known, state, "", WHILE_AWAY, BY_STORE)));
        }
    }

    private void brokenNotice(String kind, String name, @Nullable String broken) {
        if (broken != null) {
            builder.addAnomaly("broken-artifact", kind + "/" + name + " is broken: " + broken);
        }
    }
}
