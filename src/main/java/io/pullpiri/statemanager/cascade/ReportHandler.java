// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.cascade.AbsentContainers.Counted;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.container.InfraContainers;
import io.pullpiri.statemanager.container.ModelOfContainer;
import io.pullpiri.statemanager.container.PodmanFacts;
import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.ExitCode;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.state.StateMachine;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.Launch;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.Peers;
import io.pullpiri.statemanager.view.ResourceEntry;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** Handles the container lists of nodes. */
final class ReportHandler {

    private static final int SHORT_ID = 12;

    /** The exit codes of a container that NodeAgent, or {@code podman stop}, stopped. */
    private static final Set<Integer> STOP_CODES = Set.of(137, 143);

    /** The beginning of the annotations that ActionController writes. */
    private static final String LAUNCH = "io.pullpiri.annotations.";

    private final ViewBuilder builder;
    private final NodeContainers containers;
    private final AbsentContainers absent;
    private final NodeRegistry registry;

    ReportHandler(ViewBuilder builder, NodeContainers containers, AbsentContainers absent, NodeRegistry registry) {
        this.builder = builder;
        this.containers = containers;
        this.absent = absent;
        this.registry = registry;
    }

    /**
     * Applies a list. It replaces the node's previous one; {@link AbsentContainers} decides on containers that it leaves out.
     *
     * @return a refusal if the whole list is too large, or if there is no memory for its new containers; then the known
     *     containers are applied nevertheless
     */
    // [impl->req~lst-replace~1]
    CommandResult report(Command.NodeReport report) {
        TreeMap<String, Container> listed = new TreeMap<>();
        CommandResult refusal = registry.refusal(report);
        if (refusal == null) {
            for (ContainerFacts facts : report.containers()) {
                Container container = read(report.node(), facts);
                if (container != null) {
                    listed.put(container.name(), moved(report.node(), container));
                }
            }
            refusal = registry.refusal(report.node(), listed);
        }
        if (refusal != null) {
            return refusal;
        }
        NodeEntry before = builder.node(report.node());
        Peers peers = heard(before, report.peer(), listed.values());
        boolean isEmpty = report.containers().isEmpty();
        return apply(report.node(), listed, isEmpty, (entry, known) -> entry.reported(builder.now(), peers, known));
    }

    /**
     * Applies what Pullpiri's store has of a node that has not reported for a while. A known container changes only by a later
     * start or end. An unknown one counts only if it started or ended after the node's last report, because the stored fact of
     * a removed container may be left over. The time of the node's last report does not change.
     */
    // [impl->req~mir-containers~2]
    CommandResult stored(Command.StoredContainers stored) {
        String name = stored.node();
        NodeEntry before = builder.node(name);
        boolean isNew = !builder.nodes().containsKey(name);
        if (!isNew && before.heardNanos() >= stored.quietSinceNanos()) {
            return new CommandResult.Done("node " + name + " has reported");
        }
        CommandResult refusal = registry.refusal(new Command.NodeReport(name, stored.containers()));
        if (refusal != null) {
            return refusal;
        }
        TreeMap<String, Container> listed = new TreeMap<>();
        long reportedNanos = TimeUnit.MILLISECONDS.toNanos(before.reportedMillis());
        for (ContainerFacts facts : stored.containers()) {
            Container container = read(name, facts);
            if (container == null) {
                continue;
            }
            Container old = before.containers().get(container.name());
            if (old == null
                    ? isNew || isLater(container, reportedNanos, reportedNanos)
                    : isLater(container, old.startedNanos(), old.finishedNanos())) {
                listed.put(container.name(), moved(name, container));
            } else if (old != null && !old.absent()) {
                listed.put(old.name(), old);
            }
        }
        refusal = registry.refusal(name, listed);
        boolean isEmpty = stored.containers().isEmpty();
        return refusal != null
                ? refusal
                : apply(name, listed, isEmpty, (entry, known) -> {
                    NodeEntry seen = known && !entry.isKnown() ? entry.asKnown() : entry;
                    return isNew ? seen.reported(builder.now(), Peers.NONE, known) : seen;
                });
    }

    private static boolean isLater(Container container, long startedNanos, long finishedNanos) {
        return container.startedNanos() > startedNanos || container.finishedNanos() > finishedNanos;
    }

    /**
     * Applies a list that is not too large. If there is no memory for its new containers, only the known ones are applied. The
     * list of an unknown node may evict other unknown nodes.
     *
     * @param isEmpty whether the node reported no container at all, not even an infra container
     * @param reported gives the node's entry after the list, without the containers; its second argument is whether the node is
     *     known
     */
    private CommandResult apply(
            String name,
            SortedMap<String, Container> listed,
            boolean isEmpty,
            BiFunction<NodeEntry, Boolean, NodeEntry> reported) {
        NodeEntry before = builder.node(name);
        boolean known = before.isKnown() || builder.nameKnownModel(listed.values());
        Counted merged = merge(before, listed, isEmpty);
        CommandResult refusal = makeRoom(reported.apply(before, known), merged);
        if (refusal != null) {
            merged.containers().keySet().retainAll(before.containers().keySet());
        }
        if (refusal == null || builder.nodes().containsKey(name)) {
            // Evictions may have changed the last known states of this node, so the entry is read again.
            NodeEntry reportedNode = reported.apply(builder.node(name), known);
            containers.report(reportedNode, merged.containers(), merged.timers());
        }
        return refusal == null ? new CommandResult.Done("report of node " + name + " is stored") : refusal;
    }

    /**
     * Adds the containers that the list leaves out. A list with so many new containers that both do not fit into a record is not
     * incomplete by accident: then the containers that it leaves out are gone at once.
     */
    private Counted merge(NodeEntry before, SortedMap<String, Container> listed, boolean isEmpty) {
        Counted merged = absent.merge(before, listed, isEmpty);
        return registry.fitRecord(merged.containers()) ? merged : absent.listed(before, listed);
    }

    /** Returns a refusal if there is no memory for the new containers of the node; null if there is, if need be by evictions. */
    private @Nullable CommandResult makeRoom(NodeEntry reportedNode, Counted merged) {
        if (!builder.hasRoomFor(newBytes(reportedNode, merged.containers().values()))) {
            return builder.refuseForMemory();
        }
        NodeEntry after = reportedNode.with(merged.containers(), reportedNode.lastKnownStates(), merged.timers());
        return reportedNode.isKnown() || registry.makeRoom(after) ? null : registry.noRoom(reportedNode.name());
    }

    private Peers heard(NodeEntry before, String peer, Collection<Container> listed) {
        Peers peers = before.peers().heard(peer, before.containers().values(), listed, builder.now());
        Peers.SharedName shared = peers.shared();
        if (shared != null && !shared.equals(before.peers().shared())) {
            builder.addAnomaly("shared-node-name", "node " + before.name() + ": " + shared.description());
        }
        return peers;
    }

    private long newBytes(NodeEntry before, Collection<Container> containers) {
        long bytes = builder.nodes().containsKey(before.name()) ? 0 : before.bytes();
        Set<String> models = new HashSet<>();
        for (Container container : containers) {
            if (!before.containers().containsKey(container.name())) {
                bytes += container.bytes();
                if (container.model() != null && !builder.models().containsKey(container.model())) {
                    models.add(container.model());
                }
            }
        }
        return bytes + models.size() * ResourceEntry.NEW_BYTES;
    }

    /**
     * A container that ended because its model is offloaded has exited, whatever its exit code. It goes on counting so while its
     * node lists it.
     */
    // [impl->req~off-stop~1]
    private Container moved(String node, Container container) {
        if (container.state() != ContainerState.DEAD || container.model() == null) {
            return container;
        }
        OffloadRecord offload = builder.offload(container.model());
        Container old = builder.node(node).containers().get(container.name());
        boolean moved = (offload != null && offload.isMoved(node, container))
                || (old != null && old.moved() && old.isSameRun(container));
        return moved ? container.asMoved() : container;
    }

    /** Reads one container; null for an infra container, and for one with an invalid name. */
    // [impl->req~bad-list~1]
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
        ContainerState state =
                StateMachine.containerState(facts.state(), builder.rules().cleanExitCodes());
        PodmanFacts podman = PodmanFacts.of(state, facts.state());
        return new Container(
                name,
                facts.id().substring(0, Math.min(SHORT_ID, facts.id().length())),
                stated,
                stated == null ? containers.byName(name) : stated,
                state,
                podman.exitCode(),
                podman.podmanStatus(),
                podman.why(),
                facts.startedNanos(),
                facts.finishedNanos(),
                launch(facts),
                false,
                0,
                0,
                0,
                null,
                mayBeStopped(state, facts.state()) ? builder.now().wallMillis() : 0);
    }

    /** Whether the container ended in the way that NodeAgent stops one: by SIGKILL or SIGTERM, and not for lack of memory. */
    private static boolean mayBeStopped(ContainerState state, Map<String, String> podman) {
        String exitCode = podman.getOrDefault("ExitCode", "");
        return state == ContainerState.DEAD
                && ExitCode.isOtherThanZero(exitCode)
                && ExitCode.isClean(exitCode, STOP_CODES)
                && !"true".equalsIgnoreCase(podman.get("OOMKilled"));
    }

    /** Returns what ActionController wrote when it launched the container; null if it did not, or if a name is invalid. */
    private static @Nullable Launch launch(ContainerFacts facts) {
        String scenario = facts.annotations().getOrDefault(LAUNCH + "scenario", "");
        String packageName = facts.annotations().getOrDefault(LAUNCH + "package", "");
        String policy = facts.annotations().getOrDefault(LAUNCH + "policy", "");
        boolean valid = Names.problem(scenario) == null
                && Names.problem(packageName) == null
                && (policy.isEmpty() || Names.problem(policy) == null);
        return valid ? new Launch(scenario, packageName, policy) : null;
    }
}
