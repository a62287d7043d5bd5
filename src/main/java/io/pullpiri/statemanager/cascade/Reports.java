package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.cascade.Transition.BY_STATE_MANAGER;

import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.state.StateCounts;
import io.pullpiri.statemanager.state.StateMachine;
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
final class Reports {

    private static final int SHORT_ID = 12;

    private static final String GONE = "its last container is gone";

    private final Draft draft;

    Reports(Draft draft) {
        this.draft = draft;
    }

    /**
     * The list replaces what the node said before; what it leaves out counts until its grace period ends.
     *
     * @return what the node's agent is told: a list that is too large is refused whole; if there is no memory for what in it is
     *     new, that is passed over, and all else taken in
     */
    Answer report(Command.NodeReport report) {
        Nodes nodes = new Nodes(draft, this);
        TreeMap<String, Container> containers = new TreeMap<>();
        Answer refusal = nodes.refusal(report);
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

    private Answer takeIn(String name, String peer, SortedMap<String, Container> named, Nodes nodes) {
        boolean recognized = node(name).recognized() || draft.nameKnownModel(named.values());
        Peers peers = heard(node(name), peer, named.values());
        NodeEntry before = node(name).reported(draft.now, peers, recognized);
        TreeMap<String, Container> containers = new TreeMap<>(named);
        Map<String, Long> graceEnds = new HashMap<>();
        long graceEnd = draft.now.ticks() + draft.rules.vanishGrace().toNanos();
        for (Container old : before.containers().values()) {
            if (!containers.containsKey(old.name())) {
                containers.put(old.name(), old.absent() ? old : old.absentSince(draft.now.epochMillis()));
                graceEnds.put(old.name(), before.graceEnds().getOrDefault(old.name(), graceEnd));
            }
        }
        if (!nodes.fitRecord(containers)) {
            // A list with so much that is new is no hiccup of podman's: what it leaves out is gone at once.
            containers.keySet().retainAll(named.keySet());
            graceEnds.clear();
        }
        boolean memory = draft.hasRoomFor(newBytes(before, containers.values()));
        boolean fits = memory && (recognized || nodes.makeRoom(before.with(containers, before.kept(), graceEnds)));
        if (!fits) {
            containers.keySet().retainAll(before.containers().keySet());
        }
        if (fits || draft.nodes.containsKey(name)) {
            // What made room may have changed what is kept of the node.
            NodeEntry now = node(name).reported(draft.now, peers, recognized);
            replace(now, containers, graceEnds, "node " + name, GONE);
            giveUpAbsentees(name);
        }
        return fits
                ? new Answer.Done("report of node " + name + " is stored")
                : memory ? nodes.noRoom(name) : Cascade.tooMuch(draft);
    }

    private Peers heard(NodeEntry before, String peer, Collection<Container> listed) {
        Peers peers = before.peers().heard(peer, before.containers().values(), listed, draft.now);
        Peers.SharedName shared = peers.shared();
        if (shared != null && !shared.equals(before.peers().shared())) {
            draft.notice("shared-node-name", "node " + before.name() + ": " + shared.words());
        }
        return peers;
    }

    /** A package names a model of the node's containers. */
    void recognize(String name) {
        NodeEntry node = node(name);
        if (!node.recognized()) {
            draft.put(node.recognized(true));
        }
    }

    /** The node has no container any more, as after a confirmed empty list. */
    void empty(NodeEntry node, String cause, String source) {
        replace(node, new TreeMap<>(), Map.of(), source, cause);
    }

    private long newBytes(NodeEntry before, Collection<Container> containers) {
        long bytes = draft.nodes.containsKey(before.name()) ? 0 : before.bytes();
        Set<String> models = new HashSet<>();
        for (Container container : containers) {
            if (!before.containers().containsKey(container.name())) {
                bytes += container.bytes();
                if (container.model() != null && !draft.models.containsKey(container.model())) {
                    models.add(container.model());
                }
            }
        }
        return bytes + models.size() * Cascade.NEW_BYTES;
    }

    /** Gives up the containers whose grace periods have ended, on all nodes. */
    void giveUpAbsentees() {
        for (String node : draft.absentees) {
            giveUpAbsentees(node);
        }
    }

    private void giveUpAbsentees(String name) {
        NodeEntry before = node(name);
        if (before.graceEnds().isEmpty()) {
            return;
        }
        TreeMap<String, Container> containers = new TreeMap<>(before.containers());
        Map<String, Long> graceEnds = new HashMap<>(before.graceEnds());
        before.graceEnds().forEach((container, end) -> {
            if (end <= draft.now.ticks()) {
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
            draft.unlabelled
                    .subMap(model + "_", model + "`")
                    .forEach((container, nodes) -> nodes.forEach(node ->
                            byNode.computeIfAbsent(node, any -> new TreeSet<>()).add(container)));
        }
        byNode.forEach(this::rematch);
    }

    /** The same for every container there is. */
    void rematchAll() {
        Map<String, Set<String>> byNode = new TreeMap<>();
        draft.unlabelled.forEach((container, nodes) -> nodes.forEach(
                node -> byNode.computeIfAbsent(node, any -> new TreeSet<>()).add(container)));
        byNode.forEach(this::rematch);
    }

    private void rematch(String nodeName, Set<String> names) {
        NodeEntry before = node(nodeName);
        TreeMap<String, Container> containers = new TreeMap<>(before.containers());
        for (String name : names) {
            containers.computeIfPresent(name, (any, container) -> container.withModel(byName(name)));
        }
        boolean recognized = before.recognized() || draft.nameKnownModel(containers.values());
        replace(before.recognized(recognized), containers, before.graceEnds(), "node " + nodeName, GONE);
    }

    private NodeEntry node(String name) {
        NodeEntry entry = draft.nodes.get(name);
        return entry == null ? NodeEntry.empty(name).at(draft.removedNodes.getOrDefault(name, 0L)) : entry;
    }

    private @Nullable String byName(String container) {
        return ModelOfContainer.byName(
                container, model -> draft.model(model).packages().size() > 0);
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
            draft.notice("invalid-container-name", "a container on node " + node + ": its name " + problem);
            return null;
        }
        problem = stated == null ? null : Names.problem(stated);
        if (problem != null) {
            draft.notice(
                    "invalid-model-name",
                    "container " + name + " on node " + node + ": the model it states " + problem);
            return null;
        }
        ContainerState state = StateMachine.containerState(facts.state(), draft.rules.cleanExitCodes());
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
        if (draft.nodes.containsKey(before.name()) && containers.equals(before.containers())) {
            draft.put(before); // with the time of the report; that alone is not worth a write
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
            draft.put(draft.model(model).withContainers(before.name(), byModel.getOrDefault(model, List.of())));
            derive(model, source, gone);
        }
        NodeEntry after = before.with(containers, kept(containers), graceEnds);
        draft.put(after);
        draft.absentees =
                graceEnds.isEmpty() ? draft.absentees.minus(after.name()) : draft.absentees.plus(after.name());
        draft.touchedNodes.add(after.name());
        touched.forEach(model -> keepElsewhere(model, after.name()));
    }

    private static void touch(Set<String> touched, Container container) {
        if (container.model() != null) {
            touched.add(container.model());
        }
    }

    private void index(String container, String node, boolean present) {
        PSet<String> nodes = draft.unlabelled.getOrDefault(container, TreePSet.<String>empty());
        nodes = present ? nodes.plus(node) : nodes.minus(node);
        draft.unlabelled =
                nodes.isEmpty() ? draft.unlabelled.minus(container) : draft.unlabelled.plus(container, nodes);
    }

    /** Writes the model's state only if its containers give another one than before: others may have had their say. */
    private void derive(String name, String source, String gone) {
        ModelEntry entry = draft.model(name);
        if (entry.containers().isEmpty()) {
            draft.put(entry.derived(null));
            draft.forsake(name);
            if (draft.mayBeNamed(entry)) {
                ModelState after = draft.rules.vanished().after(entry.state().value());
                draft.setModel(name, after, "", gone, source);
            }
            return;
        }
        ModelState derived = StateMachine.modelState(tally(entry));
        if (derived != null && derived != entry.derived()) {
            draft.put(entry.derived(derived));
            draft.setModel(name, derived, "", Causes.containers(entry, derived), source);
        }
    }

    /**
     * Puts right a model whose state came from a list that was not stored, or went with it: a plan too large for one
     * transaction broke off. It is what its containers give, as far as their nodes' stored lists go, and does not run if it
     * has none. Others' word stands, unless that plan had taken it away.
     *
     * @param allRead whether every node's stored list could be read
     */
    void mend(ModelEntry entry, boolean allRead) {
        ModelState state = entry.state().value();
        ModelState derived = entry.derived();
        Transition latest = entry.state().history().latest();
        if (latest == null || !latest.isDerived() || ModelState.parse(latest.to()) != state) {
            return;
        }
        boolean isGone = allRead && entry.containers().isEmpty() && draft.mayBeNamed(entry);
        if (derived != null && derived != state) {
            draft.setModel(entry.name(), derived, "", Causes.containers(entry, derived), BY_STATE_MANAGER);
        } else if (isGone && draft.rules.vanished().after(state) != state) {
            // No container was seen to go: nothing that would have anybody reconcile it.
            draft.setModel(
                    entry.name(), ModelState.EXITED, "", "no stored list has a container of it", BY_STATE_MANAGER);
        }
    }

    static StateCounts<ContainerState> tally(ModelEntry entry) {
        List<ContainerState> states = new ArrayList<>();
        for (List<Container> ofNode : entry.containers().values()) {
            for (Container container : ofNode) {
                states.add(container.state());
            }
        }
        return StateCounts.of(ContainerState.class, states);
    }

    /**
     * What a model was before its containers fell silent, null if they have not, or never said anything. Only the digests
     * still know it: all of those that have containers of the model.
     */
    private static @Nullable ModelState silenced(ModelEntry entry) {
        return StateMachine.modelState(tally(entry)) == null ? entry.derived() : null;
    }

    private SortedMap<String, ModelState> kept(SortedMap<String, Container> containers) {
        TreeMap<String, ModelState> kept = new TreeMap<>();
        for (Container container : containers.values()) {
            if (container.model() != null && container.state() == ContainerState.UNKNOWN) {
                ModelState state = silenced(draft.model(container.model()));
                if (state != null) {
                    kept.put(container.model(), state);
                }
            }
        }
        return kept;
    }

    private void keepElsewhere(String model, String here) {
        ModelEntry entry = draft.model(model);
        ModelState state = silenced(entry);
        for (String name : entry.containers().keySet()) {
            NodeEntry node = node(name);
            if (state != null && !name.equals(here) && node.kept().get(model) != state) {
                TreeMap<String, ModelState> kept = new TreeMap<>(node.kept());
                kept.put(model, state);
                draft.put(node.keeping(kept));
                draft.touchedNodes.add(name);
            }
        }
    }
}
