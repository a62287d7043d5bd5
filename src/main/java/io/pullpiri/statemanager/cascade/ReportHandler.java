package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.view.Transition.BY_STATE_MANAGER;

import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.container.InfraContainers;
import io.pullpiri.statemanager.container.ModelOfContainer;
import io.pullpiri.statemanager.container.PodmanFacts;
import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.state.StateMachine;
import io.pullpiri.statemanager.view.Causes;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.Peers;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Transition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSet;
import org.pcollections.TreePSet;

/** What follows from the containers that nodes report, and from those that they stop reporting. */
final class ReportHandler {

    private static final int SHORT_ID = 12;

    private static final String GONE = "its last container is gone";

    private final ViewBuilder builder;

    ReportHandler(ViewBuilder builder) {
        this.builder = builder;
    }

    /**
     * The list replaces what the node said before; what it leaves out counts until its grace period ends.
     *
     * @return what the node's agent is told: a list that is too large is refused whole; if there is no memory for what in it is
     *     new, that is passed over, and all else taken in
     */
    CommandResult report(Command.NodeReport report) {
        NodeRegistry nodes = new NodeRegistry(builder, this);
        TreeMap<String, Container> containers = new TreeMap<>();
        CommandResult refusal = nodes.refusal(report);
        if (refusal == null) {
            for (ContainerFacts facts : report.containers()) {
                Container container = read(report.node(), facts);
                if (container != null) {
                    containers.put(container.name(), container);
                }
            }
            refusal = nodes.refusal(report.node(), containers);
        }
        return refusal == null ? takeIn(report.node(), report.peer(), containers, nodes) : refusal;
    }

    private CommandResult takeIn(String name, String peer, SortedMap<String, Container> named, NodeRegistry nodes) {
        boolean recognized = node(name).recognized() || builder.nameKnownModel(named.values());
        Peers peers = heard(node(name), peer, named.values());
        NodeEntry before = node(name).reported(builder.now, peers, recognized);
        TreeMap<String, Container> containers = new TreeMap<>(named);
        Map<String, Long> graceEnds = new HashMap<>();
        long graceEnd =
                builder.now.monotonicNanos() + builder.rules.vanishGrace().toNanos();
        for (Container old : before.containers().values()) {
            if (!containers.containsKey(old.name())) {
                containers.put(old.name(), old.absent() ? old : old.absentSince(builder.now.wallMillis()));
                graceEnds.put(old.name(), before.graceEnds().getOrDefault(old.name(), graceEnd));
            }
        }
        if (!nodes.fitRecord(containers)) {
            // A list with so much that is new is no hiccup of podman's: what it leaves out is gone at once.
            containers.keySet().retainAll(named.keySet());
            graceEnds.clear();
        }
        boolean memory = builder.hasRoomFor(newBytes(before, containers.values()));
        boolean fits =
                memory && (recognized || nodes.makeRoom(before.with(containers, before.lastKnownStates(), graceEnds)));
        if (!fits) {
            containers.keySet().retainAll(before.containers().keySet());
        }
        if (fits || builder.nodes.containsKey(name)) {
            // What made room may have changed what is kept of the node.
            NodeEntry now = node(name).reported(builder.now, peers, recognized);
            replace(now, containers, graceEnds, "node " + name, GONE);
            dropMissing(name);
        }
        return fits
                ? new CommandResult.Done("report of node " + name + " is stored")
                : memory ? nodes.noRoom(name) : Cascade.tooMuch(builder);
    }

    private Peers heard(NodeEntry before, String peer, Collection<Container> listed) {
        Peers peers = before.peers().heard(peer, before.containers().values(), listed, builder.now);
        Peers.SharedName shared = peers.shared();
        if (shared != null && !shared.equals(before.peers().shared())) {
            builder.addAnomaly("shared-node-name", "node " + before.name() + ": " + shared.description());
        }
        return peers;
    }

    /** A package names a model of the node's containers. */
    void recognize(String name) {
        NodeEntry node = node(name);
        if (!node.recognized()) {
            builder.put(node.recognized(true));
        }
    }

    /** The node has no container any more, as after a confirmed empty list. */
    void empty(NodeEntry node, String cause, String source) {
        replace(node, new TreeMap<>(), Map.of(), source, cause);
    }

    private long newBytes(NodeEntry before, Collection<Container> containers) {
        long bytes = builder.nodes.containsKey(before.name()) ? 0 : before.bytes();
        Set<String> models = new HashSet<>();
        for (Container container : containers) {
            if (!before.containers().containsKey(container.name())) {
                bytes += container.bytes();
                if (container.model() != null && !builder.models.containsKey(container.model())) {
                    models.add(container.model());
                }
            }
        }
        return bytes + models.size() * NodeEntry.NEW_BYTES;
    }

    /** Gives up the containers whose grace periods have ended, on all nodes. */
    void dropMissing() {
        for (String node : builder.nodesWithMissing) {
            dropMissing(node);
        }
    }

    private void dropMissing(String name) {
        NodeEntry before = node(name);
        if (before.graceEnds().isEmpty()) {
            return;
        }
        TreeMap<String, Container> containers = new TreeMap<>(before.containers());
        Map<String, Long> graceEnds = new HashMap<>(before.graceEnds());
        before.graceEnds().forEach((container, end) -> {
            if (end <= builder.now.monotonicNanos()) {
                containers.remove(container);
                graceEnds.remove(container);
            }
        });
        if (graceEnds.size() < before.graceEnds().size()) {
            replace(before, containers, graceEnds, BY_STATE_MANAGER, GONE);
        }
    }

    /** Models are named by packages now, or are no longer: containers may belong to another model by their names. */
    void rematch(Collection<String> models) {
        Map<String, Set<String>> byNode = new TreeMap<>();
        for (String model : models) {
            // '`' is the character after '_': the range of all names that begin with the model and '_'.
            builder.matchedByName
                    .subMap(model + "_", model + "`")
                    .forEach((container, nodes) -> nodes.forEach(node ->
                            byNode.computeIfAbsent(node, any -> new TreeSet<>()).add(container)));
        }
        byNode.forEach(this::rematch);
    }

    /** The same for every container there is. */
    void rematchAll() {
        Map<String, Set<String>> byNode = new TreeMap<>();
        builder.matchedByName.forEach((container, nodes) -> nodes.forEach(
                node -> byNode.computeIfAbsent(node, any -> new TreeSet<>()).add(container)));
        byNode.forEach(this::rematch);
    }

    private void rematch(String nodeName, Set<String> names) {
        NodeEntry before = node(nodeName);
        TreeMap<String, Container> containers = new TreeMap<>(before.containers());
        for (String name : names) {
            containers.computeIfPresent(name, (any, container) -> container.withModel(byName(name)));
        }
        boolean recognized = before.recognized() || builder.nameKnownModel(containers.values());
        replace(before.recognized(recognized), containers, before.graceEnds(), "node " + nodeName, GONE);
    }

    private NodeEntry node(String name) {
        NodeEntry entry = builder.nodes.get(name);
        return entry == null ? NodeEntry.empty(name).at(builder.removedNodes.getOrDefault(name, 0L)) : entry;
    }

    private @Nullable String byName(String container) {
        return ModelOfContainer.byName(
                container, model -> builder.model(model).packages().size() > 0);
    }

    /** Null for a container that is passed over. */
    private @Nullable Container read(String node, ContainerFacts facts) {
        if (InfraContainers.isInfra(facts)) {
            return null;
        }
        String name = ModelOfContainer.withoutSlash(facts.name().isEmpty() ? facts.id() : facts.name());
        String stated = ModelOfContainer.stated(facts, name);
        String problem = Names.problem(name);
        if (problem != null) {
            builder.addAnomaly("invalid-container-name", "a container on node " + node + ": its name " + problem);
            return null;
        }
        problem = stated == null ? null : Names.problem(stated);
        if (problem != null) {
            builder.addAnomaly(
                    "invalid-model-name",
                    "container " + name + " on node " + node + ": the model it states " + problem);
            return null;
        }
        ContainerState state = StateMachine.containerState(facts.state(), builder.rules.cleanExitCodes());
        PodmanFacts podman = PodmanFacts.of(state, facts.state());
        return new Container(
                name,
                facts.id().substring(0, Math.min(SHORT_ID, facts.id().length())),
                stated,
                stated == null ? byName(name) : stated,
                state,
                podman.exitCode(),
                podman.word(),
                podman.why(),
                0);
    }

    /**
     * Puts a node's containers in place of those before, and derives the models that this touches.
     *
     * @param gone the cause of what becomes of a model without containers
     */
    private void replace(
            NodeEntry before,
            SortedMap<String, Container> containers,
            Map<String, Long> graceEnds,
            String source,
            String gone) {
        if (builder.nodes.containsKey(before.name()) && containers.equals(before.containers())) {
            builder.put(before); // with the time of the report; that alone is not worth a write
            return;
        }
        Set<String> touched = new TreeSet<>();
        for (Container old : before.containers().values()) {
            Container now = containers.get(old.name());
            if (!old.equals(now)) {
                touch(touched, old);
                if (old.label() == null && (now == null || now.label() != null)) {
                    index(old.name(), before.name(), false);
                }
            }
        }
        for (Container now : containers.values()) {
            Container old = before.containers().get(now.name());
            if (!now.equals(old)) {
                touch(touched, now);
                if (now.label() == null && (old == null || old.label() != null)) {
                    index(now.name(), before.name(), true);
                }
            }
        }
        Map<String, List<Container>> byModel = new HashMap<>();
        for (Container container : containers.values()) {
            if (container.model() != null && touched.contains(container.model())) {
                byModel.computeIfAbsent(container.model(), any -> new ArrayList<>())
                        .add(container);
            }
        }
        for (String model : touched) {
            builder.put(builder.model(model).withContainers(before.name(), byModel.getOrDefault(model, List.of())));
            derive(model, source, gone);
        }
        NodeEntry after = before.with(containers, lastKnownStates(containers), graceEnds);
        builder.put(after);
        builder.nodesWithMissing = graceEnds.isEmpty()
                ? builder.nodesWithMissing.minus(after.name())
                : builder.nodesWithMissing.plus(after.name());
        builder.touch(ResourceKind.NODE, after.name());
        touched.forEach(model -> rememberOnOtherNodes(model, after.name()));
    }

    private static void touch(Set<String> touched, Container container) {
        if (container.model() != null) {
            touched.add(container.model());
        }
    }

    private void index(String container, String node, boolean present) {
        PSet<String> nodes = builder.matchedByName.getOrDefault(container, TreePSet.<String>empty());
        nodes = present ? nodes.plus(node) : nodes.minus(node);
        builder.matchedByName =
                nodes.isEmpty() ? builder.matchedByName.minus(container) : builder.matchedByName.plus(container, nodes);
    }

    /** Writes the model's state only if its containers give another one than before: others may have had their say. */
    private void derive(String name, String source, String gone) {
        ModelEntry entry = builder.model(name);
        if (entry.containers().isEmpty()) {
            builder.put(entry.derived(null));
            builder.checkOrphan(name);
            if (builder.mayBeNamed(entry)) {
                ModelState after = builder.rules.vanished().after(entry.state().value());
                builder.setModel(name, after, "", gone, source);
            }
            return;
        }
        ModelState derived = StateMachine.modelState(entry.containerCounts());
        if (derived != null && derived != entry.derived()) {
            builder.put(entry.derived(derived));
            builder.setModel(name, derived, "", Causes.containers(entry, derived), source);
        }
    }

    /**
     * Puts right a model whose state came from a list that was not stored, or went with it: a plan too large for one
     * transaction broke off. It is what its containers give, as far as their nodes' stored lists go, and does not run if it
     * has none. Others' word stands, unless that plan had taken it away.
     *
     * @param allRead whether every node's stored list could be read
     */
    void deriveAfterRead(ModelEntry entry, boolean allRead) {
        ModelState state = entry.state().value();
        ModelState derived = entry.derived();
        Transition latest = entry.state().history().latest();
        if (latest == null || !latest.isDerived() || ModelState.parse(latest.to()) != state) {
            return;
        }
        boolean isGone = allRead && entry.containers().isEmpty() && builder.mayBeNamed(entry);
        if (derived != null && derived != state) {
            builder.setModel(entry.name(), derived, "", Causes.containers(entry, derived), BY_STATE_MANAGER);
        } else if (isGone && builder.rules.vanished().after(state) != state) {
            // No container was seen to go: nothing that would have anybody reconcile it.
            builder.setModel(
                    entry.name(), ModelState.EXITED, "", "no stored list has a container of it", BY_STATE_MANAGER);
        }
    }

    /**
     * What a model was before its containers fell silent, null if they have not, or never said anything. Only the digests
     * still know it: all of those that have containers of the model.
     */
    private static @Nullable ModelState silenced(ModelEntry entry) {
        return StateMachine.modelState(entry.containerCounts()) == null ? entry.derived() : null;
    }

    private SortedMap<String, ModelState> lastKnownStates(SortedMap<String, Container> containers) {
        TreeMap<String, ModelState> kept = new TreeMap<>();
        for (Container container : containers.values()) {
            if (container.model() != null && container.state() == ContainerState.UNKNOWN) {
                ModelState state = silenced(builder.model(container.model()));
                if (state != null) {
                    kept.put(container.model(), state);
                }
            }
        }
        return kept;
    }

    private void rememberOnOtherNodes(String model, String here) {
        ModelEntry entry = builder.model(model);
        ModelState state = silenced(entry);
        for (String name : entry.containers().keySet()) {
            NodeEntry node = node(name);
            if (state != null && !name.equals(here) && node.lastKnownStates().get(model) != state) {
                TreeMap<String, ModelState> kept = new TreeMap<>(node.lastKnownStates());
                kept.put(model, state);
                builder.put(node.withLastKnownStates(kept));
                builder.touch(ResourceKind.NODE, name);
            }
        }
    }
}
