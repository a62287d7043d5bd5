// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.view.Transition.BY_STATE_MANAGER;

import io.pullpiri.statemanager.container.ModelOfContainer;
import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.StateMachine;
import io.pullpiri.statemanager.view.Absence;
import io.pullpiri.statemanager.view.Causes;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.ContainerTimers;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.ResourceKind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Changes the containers of nodes, and derives the states of the models that this affects. */
final class NodeContainers {

    private static final String GONE = "its last container is gone";
    private static final String STOPPED = "its last container was stopped and is gone";

    private final ViewBuilder builder;
    private final StatePropagation propagation;
    private final AbsentContainers absent;

    NodeContainers(ViewBuilder builder, StatePropagation propagation, AbsentContainers absent) {
        this.builder = builder;
        this.propagation = propagation;
        this.absent = absent;
    }

    /** Puts the containers of a node's report in place of those before, and removes those whose grace period is over. */
    void report(NodeEntry before, SortedMap<String, Container> containers, ContainerTimers timers) {
        replace(before, containers, timers, "node " + before.name(), GONE);
        dropAbsent(before.name());
    }

    /** Makes a node a known node, because a package names a model of its containers. */
    // [impl->req~nod-known~1]
    void markKnown(String name) {
        NodeEntry node = builder.node(name);
        if (!node.isKnown()) {
            builder.put(node.asKnown());
        }
    }

    /** Removes all containers of a node, as after a confirmed empty list. */
    void empty(NodeEntry node, String cause, String source) {
        replace(node, new TreeMap<>(), ContainerTimers.NONE, source, cause);
    }

    /** Removes the containers whose grace period is over, on all nodes. */
    void dropAbsent() {
        for (String node : builder.nodesWithAbsent()) {
            dropAbsent(node);
        }
    }

    private void dropAbsent(String name) {
        NodeEntry before = builder.node(name);
        if (before.graceEnds().isEmpty()) {
            return;
        }
        AbsentContainers.Counted left = absent.expire(before);
        if (!left.containers().equals(before.containers())) {
            replace(before, left.containers(), left.timers(), BY_STATE_MANAGER, GONE);
        }
    }

    /** Finds the models of containers again by their names, after a package began or ceased to name some models. */
    void rematch(Collection<String> models) {
        Map<String, Set<String>> byNode = new TreeMap<>();
        for (String model : models) {
            // '`' is the character after '_': the range of all names that begin with the model and '_'.
            dropRemoved(model, BY_STATE_MANAGER);
            builder.withoutLabel()
                    .subMap(model + "_", model + "`")
                    .forEach((container, nodes) -> nodes.forEach(node ->
                            byNode.computeIfAbsent(node, any -> new TreeSet<>()).add(container)));
        }
        byNode.forEach(this::rematch);
    }

    /** Finds the models of all containers again by their names. */
    void rematchAll() {
        Map<String, Set<String>> byNode = new TreeMap<>();
        builder.withoutLabel()
                .forEach((container, nodes) -> nodes.forEach(node ->
                        byNode.computeIfAbsent(node, any -> new TreeSet<>()).add(container)));
        byNode.forEach(this::rematch);
    }

    private void rematch(String nodeName, Set<String> names) {
        NodeEntry before = builder.node(nodeName);
        TreeMap<String, Container> containers = new TreeMap<>(before.containers());
        for (String name : names) {
            containers.computeIfPresent(name, (any, container) -> container.withModel(byName(name)));
            containers.computeIfPresent(name, (any, now) -> staysWithModel(nodeName, now) ? now : null);
        }
        NodeEntry node = builder.nameKnownModel(containers.values()) ? before.asKnown() : before;
        replace(node, containers, before.timers(), "node " + nodeName, GONE);
    }

    private boolean staysWithModel(String node, Container container) {
        return container.absence() != Absence.REMOVED || absent.staysDead(node, container);
    }

    /** Drops the removed containers of all models that no longer count as dead. */
    void dropRemoved() {
        for (String model : builder.models().keySet()) {
            dropRemoved(model, BY_STATE_MANAGER);
        }
    }

    /** Drops the removed containers of a model that no longer count as dead: others of their names exist, or no package names it. */
    private void dropRemoved(String model, String source) {
        builder.model(model).containers().forEach((name, ofModel) -> {
            List<String> dropped = ofModel.stream()
                    .filter(container -> !staysWithModel(name, container))
                    .map(Container::name)
                    .toList();
            if (!dropped.isEmpty()) {
                NodeEntry node = builder.node(name);
                TreeMap<String, Container> left = new TreeMap<>(node.containers());
                left.keySet().removeAll(dropped);
                replace(node, left, node.timers(), source, GONE);
            }
        });
    }

    /** The model to which a container belongs by its name alone; null if there is none. */
    @Nullable
    String byName(String container) {
        return ModelOfContainer.byName(container, builder::isNamed);
    }

    /**
     * Puts a node's containers in place of the previous ones, and derives the states of the affected models.
     *
     * @param gone the cause for a model that has lost its last container
     */
    private void replace(
            NodeEntry before,
            SortedMap<String, Container> containers,
            ContainerTimers timers,
            String source,
            String gone) {
        if (builder.nodes().containsKey(before.name()) && containers.equals(before.containers())) {
            builder.put(before); // only the time of the report changed, which does not justify a write
            return;
        }
        Set<String> affectedModels = new TreeSet<>();
        before.containers().values().forEach(old -> {
            Container now = containers.get(old.name());
            addModelIfChanged(affectedModels, old, now);
            if (isOnlyFirstWithoutLabel(old, now)) {
                builder.indexByName(old.name(), before.name(), false);
            }
        });
        containers.values().forEach(now -> {
            Container old = before.containers().get(now.name());
            addModelIfChanged(affectedModels, now, old);
            if (isOnlyFirstWithoutLabel(now, old)) {
                builder.indexByName(now.name(), before.name(), true);
            }
        });
        Map<String, List<Container>> byModel = byModel(containers.values(), affectedModels);
        for (String model : affectedModels) {
            ModelEntry entry = builder.model(model);
            boolean stopped = wasStopped(entry.containers().getOrDefault(before.name(), List.of()));
            builder.put(entry.withContainers(before.name(), byModel.getOrDefault(model, List.of())));
            derive(model, source, gone, stopped);
        }
        NodeEntry after = before.with(containers, lastKnownStates(containers), timers);
        builder.put(after);
        builder.touch(ResourceKind.NODE, after.name());
        affectedModels.forEach(model -> storeLastKnownStateOnOtherNodes(model, after.name()));
        affectedModels.forEach(model -> dropRemoved(model, source));
    }

    /** Whether some of a model's containers are dead, and all of these were stopped on purpose. */
    private static boolean wasStopped(List<Container> containers) {
        List<Container> dead = containers.stream()
                .filter(container -> container.state() == ContainerState.DEAD)
                .toList();
        return !dead.isEmpty() && dead.stream().allMatch(container -> container.absence() == Absence.STOPPED);
    }

    private static void addModelIfChanged(Set<String> models, Container container, @Nullable Container other) {
        if (!container.equals(other) && container.model() != null) {
            models.add(container.model());
        }
    }

    private static boolean isOnlyFirstWithoutLabel(Container first, @Nullable Container second) {
        return first.label() == null && (second == null || second.label() != null);
    }

    private static Map<String, List<Container>> byModel(Collection<Container> containers, Set<String> models) {
        Map<String, List<Container>> byModel = new HashMap<>();
        for (Container container : containers) {
            if (container.model() != null && models.contains(container.model())) {
                byModel.computeIfAbsent(container.model(), any -> new ArrayList<>())
                        .add(container);
            }
        }
        return byModel;
    }

    /** Changes the model's state only if the derived state changed: another component's state stands until then. */
    // [impl->req~mdl-last-writer~1]
    private void derive(String name, String source, String gone, boolean stopped) {
        ModelEntry entry = builder.model(name);
        if (entry.containers().isEmpty()) {
            builder.put(entry.derived(null));
            propagation.checkOrphan(name);
            if (builder.mayBeNamed(entry)) {
                ModelState was = entry.state().value();
                // [impl->req~lst-stop~1]
                boolean onPurpose = stopped && was == ModelState.DEAD && entry.derived() == ModelState.DEAD;
                ModelState after = vanished(entry, onPurpose);
                propagation.setModel(name, after, onPurpose ? STOPPED : gone, source);
            }
            return;
        }
        OffloadRecord offload = builder.offload(name);
        if (offload != null && !offload.isActive() && !offload.keepsDead(entry)) {
            builder.setOffload(name, null, Long.MAX_VALUE); // a lost model is found
        }
        ModelState derived = builder.derivedState(entry);
        if (derived != null && derived != entry.derived()) {
            builder.put(entry.derived(derived));
            propagation.setModel(name, derived, Causes.containers(entry, derived), source);
        }
    }

    /** The state of a model that has lost its last container. Its offload is no reason to call it dead, or not dead any more. */
    // [impl->req~off-stop~1]
    private @Nullable ModelState vanished(ModelEntry entry, boolean onPurpose) {
        ModelState was = entry.state().value();
        OffloadRecord offload = builder.offload(entry.name());
        if (offload != null && offload.keepsDead(entry)) {
            return was;
        }
        ModelState after = builder.rules().vanished().after(onPurpose ? ModelState.RUNNING : was);
        boolean moving = offload != null && offload.isActive();
        return moving && after == ModelState.DEAD && was != ModelState.DEAD ? ModelState.EXITED : after;
    }

    /** Derives the state of a model again, after its offload was settled. */
    void derive(String model) {
        derive(model, BY_STATE_MANAGER, GONE, false);
    }

    /**
     * The last known state of a model whose containers give none now; null for other models. It is stored in the records of
     * all nodes that have containers of the model.
     */
    private static @Nullable ModelState lastKnownState(ModelEntry entry) {
        return StateMachine.modelState(entry.containerCounts()) == null ? entry.derived() : null;
    }

    private SortedMap<String, ModelState> lastKnownStates(SortedMap<String, Container> containers) {
        TreeMap<String, ModelState> states = new TreeMap<>();
        for (Container container : containers.values()) {
            if (container.model() != null && container.state() == ContainerState.UNKNOWN) {
                ModelState state = lastKnownState(builder.model(container.model()));
                if (state != null) {
                    states.put(container.model(), state);
                }
            }
        }
        return states;
    }

    /** Updates the records of the other nodes with containers of the model: each of them has the last known state. */
    private void storeLastKnownStateOnOtherNodes(String model, String here) {
        ModelEntry entry = builder.model(model);
        ModelState state = lastKnownState(entry);
        for (String name : entry.containers().keySet()) {
            NodeEntry node = builder.node(name);
            if (state != null && !name.equals(here) && node.lastKnownStates().get(model) != state) {
                TreeMap<String, ModelState> states = new TreeMap<>(node.lastKnownStates());
                states.put(model, state);
                builder.put(node.withLastKnownStates(states));
                builder.touch(ResourceKind.NODE, name);
            }
        }
    }
}
