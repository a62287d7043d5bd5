// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.view.Transition.BY_STATE_MANAGER;

import io.pullpiri.statemanager.state.ContainerState;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.RecordCodec;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.UnknownNodes;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Limits what nodes may add to the view, evicts unknown nodes, and forgets nodes on request. See docs/decisions/0011. */
final class NodeRegistry {

    /** The name of the limit on a list, in metrics and in the log. */
    private static final String LIST = "node-list";

    private static final int MOST_CONTAINERS = 4_096;
    private static final int MOST_BYTES = 1 << 20;

    /** The most characters of a container in a record, beside its texts. */
    private static final int RECORD_FRAME = 450;

    /** The most bytes of a character in a record, which may be written as {@code \\u0001}. */
    private static final int BYTES_OF_A_CHARACTER = 6;

    /** Unknown nodes may fill one part of the memory in this many. */
    private static final int SHARE = 4;

    /** An unknown node that was silent for this time may be evicted. */
    private static final Duration SILENT = Duration.ofHours(24);

    /** A node that reported within this time is forgotten only by force. */
    private static final Duration RECENT = Duration.ofMinutes(10);

    /** The previous state in the last transition of a node. */
    private static final String KNOWN = "Known";

    private static final int SHOWN = 60;

    private final ViewBuilder builder;
    private final NodeContainers containers;

    NodeRegistry(ViewBuilder builder, NodeContainers containers) {
        this.builder = builder;
        this.containers = containers;
    }

    /** Refuses a list with too many containers, before they are read; null if the list is accepted. */
    // [impl->req~lst-limits~1]
    CommandResult.@Nullable ResourceExhausted refusal(Command.NodeReport report) {
        int count = report.containers().size();
        return count <= MOST_CONTAINERS
                ? null
                : builder.refuse(
                        LIST,
                        "containers",
                        "containers: %,d in the list of node %s (expected: at most %,d)"
                                .formatted(count, shown(report.node()), MOST_CONTAINERS));
    }

    /** Refuses a list whose containers are too large for a node record; null if the list is accepted. */
    CommandResult.@Nullable ResourceExhausted refusal(String node, SortedMap<String, Container> containers) {
        long bytes = storedBytes(containers);
        return bytes <= MOST_BYTES
                ? null
                : builder.refuse(
                        LIST,
                        "bytes",
                        "containers: the list of node %s takes %,d bytes as it is stored (expected: at most %,d)"
                                .formatted(shown(node), bytes, MOST_BYTES));
    }

    /** Whether the containers fit into a node record. */
    boolean fitRecord(SortedMap<String, Container> containers) {
        return storedBytes(containers) <= MOST_BYTES;
    }

    /** An upper estimate; exact if the estimate is too large for a record. Writing a record to measure it is slow. */
    private static long storedBytes(SortedMap<String, Container> containers) {
        long atMost = 0;
        for (Container container : containers.values()) {
            atMost += RECORD_FRAME + (long) BYTES_OF_A_CHARACTER * container.characters();
        }
        return atMost <= MOST_BYTES
                ? atMost
                : RecordCodec.text(RecordCodec.NodeRecord.of(containers)).getBytes(StandardCharsets.UTF_8).length;
    }

    private static String shown(String node) {
        return LogText.excerpt(node, SHOWN);
    }

    /**
     * Makes room for an unknown node by evicting the unknown nodes that were silent for the longest time. Only nodes that were
     * silent for 24 hours are evicted, and only if that makes enough room.
     *
     * @param after the node as it will be
     * @return false if there is no room; then nothing has changed
     */
    // [impl->req~nod-evict~1]
    boolean makeRoom(NodeEntry after) {
        NodeEntry before = builder.nodes().get(after.name());
        long growth = after.claim() - (before == null ? 0 : before.claim());
        long excess = builder.unknownNodes().bytes() + growth - share();
        if (growth <= 0 || excess <= 0) {
            return true;
        }
        List<NodeEntry> oldest = new ArrayList<>();
        for (UnknownNodes.LastReport seen : builder.unknownNodes().oldestFirst()) {
            NodeEntry node = builder.nodes().get(seen.name());
            // A package that is broken without a good artifact may name any model.
            if (excess <= 0 || silence(seen.heardNanos()).compareTo(SILENT) < 0 || builder.hasBrokenWithoutGood()) {
                break;
            }
            if (node != null && !node.name().equals(after.name())) {
                oldest.add(node);
                excess -= node.claim();
            }
        }
        if (excess > 0) {
            return false;
        }
        for (NodeEntry node : oldest) {
            String cause =
                    "node %s is evicted: it never named a model of a package, was silent for %d h, and such nodes fill"
                                    .formatted(
                                            shown(node.name()),
                                            silence(node.heardNanos()).toHours())
                            + " their share of %,d KiB".formatted(share() >> 10);
            builder.addAnomaly("node-evicted", cause);
            remove(node, cause, BY_STATE_MANAGER);
        }
        return true;
    }

    /** Refuses what is new in the list of an unknown node, because such nodes take all of their share. */
    CommandResult.ResourceExhausted noRoom(String node) {
        return builder.refuse(
                ViewBuilder.MEMORY,
                "unknown-nodes",
                ("memory: nodes that never named a model of a package take all of their share of %,d KiB, and none of them was"
                                + " silent for 24 h; new in the list of node %s is too much (expected: apply the package that"
                                + " names its models, or forget nodes that are gone)")
                        .formatted(share() >> 10, shown(node)));
    }

    private long share() {
        return builder.maxMemory() / SHARE;
    }

    private Duration silence(long heardNanos) {
        return Duration.ofNanos(builder.now().monotonicNanos() - heardNanos);
    }

    /** Forgets a node: removes its containers as after a confirmed empty list, and then its record. */
    // [impl->req~nod-forget~1]
    CommandResult forget(Command.ForgetNode command) {
        NodeEntry node = builder.nodes().get(command.node());
        if (node == null) {
            return new CommandResult.NotFound("node " + command.node() + " is not known");
        }
        String objection = command.force() ? null : objection(node);
        if (objection != null) {
            return new CommandResult.NotAllowed(
                    "node " + node.name() + " is not forgotten: " + objection + "; force forgets it nevertheless");
        }
        String cause = "node " + node.name() + " was forgotten" + (command.force() ? " by force" : "")
                + ", requested by " + command.source();
        remove(node, cause, command.source());
        return new CommandResult.Done("node " + node.name() + " is forgotten");
    }

    private @Nullable String objection(NodeEntry node) {
        Duration silence = silence(node.heardNanos());
        if (silence.compareTo(RECENT) < 0) {
            return "its last report is %d s old (expected: at least %d min)"
                    .formatted(Math.max(0, silence.toSeconds()), RECENT.toMinutes());
        }
        Optional<Container> running = node.containers().values().stream()
                .filter(container -> container.state() == ContainerState.RUNNING)
                .findFirst();
        return running.map(container -> "its container " + container.name() + " counts as running (expected: none)")
                .orElse(null);
    }

    private void remove(NodeEntry node, String cause, String source) {
        containers.empty(node, cause, source);
        builder.removeNode(node.name());
        builder.addTransition(new Transition(
                ResourceKind.NODE,
                node.name(),
                KNOWN,
                "",
                builder.now().wallNanos(),
                1,
                "",
                cause,
                source,
                Math.max(0, silence(node.heardNanos()).toMillis()),
                false,
                0));
    }
}
