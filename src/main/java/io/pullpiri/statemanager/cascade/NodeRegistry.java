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

/** Which nodes are known: how large a list may be, how much unknown nodes may fill, and which node is forgotten. */
final class NodeRegistry {

    /** The name of a list's limit in metrics and in the log. */
    private static final String LIST = "node-list";

    private static final int MOST_CONTAINERS = 4_096;
    private static final int MOST_BYTES = 1 << 20;

    /** Characters that a container's record has beside its texts, at most. */
    private static final int RECORD_FRAME = 300;

    /** A character takes at most so many bytes in a record: it may be written as {@code \\u0001}. */
    private static final int BYTES_OF_A_CHARACTER = 6;

    /** The part of the memory that nodes may fill that never named a model of a package: one in so many. */
    private static final int SHARE = 4;

    /** A node that was silent for so long makes room for others. */
    private static final Duration SILENT = Duration.ofHours(24);

    /** A node that reported within this time is not forgotten without force. */
    private static final Duration RECENT = Duration.ofMinutes(10);

    /** The state of a node in its last line of the history. */
    private static final String KNOWN = "Known";

    private static final int SHOWN = 60;

    private final ViewBuilder builder;
    private final NodeContainers containers;

    NodeRegistry(ViewBuilder builder, NodeContainers containers) {
        this.builder = builder;
        this.containers = containers;
    }

    /** Why a list is refused whole, before its containers are read; null if it is not. */
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

    /** The same for its containers as they would be stored. */
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

    /** Whether the containers fit into a node's record. */
    boolean fitRecord(SortedMap<String, Container> containers) {
        return storedBytes(containers) <= MOST_BYTES;
    }

    /** Exact only for what may be more than a record holds: writing a record takes long. */
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
     * Makes room for what a node that never named a model of a package is to hold: the oldest of those that have been
     * silent for 24 hours are evicted, but only if that is enough.
     *
     * @param after the node as it is to be
     * @return false if there is no room; nothing has changed
     */
    boolean makeRoom(NodeEntry after) {
        NodeEntry before = builder.nodes().get(after.name());
        long growth = after.claim() - (before == null ? 0 : before.claim());
        long missing = builder.unknownNodes().bytes() + growth - share();
        if (growth <= 0 || missing <= 0) {
            return true;
        }
        List<NodeEntry> oldest = new ArrayList<>();
        for (UnknownNodes.LastReport seen : builder.unknownNodes().oldestFirst()) {
            NodeEntry node = builder.nodes().get(seen.name());
            // While a package cannot be read, it may name any model.
            if (missing <= 0 || silence(seen.heardTicks()).compareTo(SILENT) < 0 || builder.hasUnparsable()) {
                break;
            }
            if (node != null && !node.name().equals(after.name())) {
                oldest.add(node);
                missing -= node.claim();
            }
        }
        if (missing > 0) {
            return false;
        }
        for (NodeEntry node : oldest) {
            String cause =
                    "node %s is evicted: it never named a model of a package, was silent for %d h, and such nodes fill"
                                    .formatted(
                                            shown(node.name()),
                                            silence(node.heardTicks()).toHours())
                            + " their share of %,d KiB".formatted(share() >> 10);
            builder.addAnomaly("node-evicted", cause);
            remove(node, cause, BY_STATE_MANAGER);
        }
        return true;
    }

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

    private Duration silence(long heardTicks) {
        return Duration.ofNanos(builder.now().monotonicNanos() - heardTicks);
    }

    /** Forgets a node: as after a confirmed empty list, and then its record goes. */
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
        Duration silence = silence(node.heardTicks());
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
                Math.max(0, silence(node.heardTicks()).toMillis()),
                false));
    }
}
