// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.manager.Clock;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds container lists that were lost. MonitoringServer stores every container in Pullpiri's store, and NodeAgent never
 * repeats a list. The stored facts have no time and may be stale, so they count as a report only under conditions. For one
 * thread.
 */
// [impl->req~mir-containers~2]
final class ContainerImport {

    /** For how long a node must not have reported before the first of two reads. */
    static final Duration QUIET = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(ContainerImport.class);

    private static final String CONTAINERS = "/pullpiri/metrics/containers/";
    private static final String NODES = "/pullpiri/metrics/nodes/";

    private final PullpiriStore store;
    private final Manager manager;
    private final MirrorMetrics metrics;
    private final Clock clock;
    private final Duration quiet;

    /** The facts that were submitted last, by node. They are submitted again if the node or the facts have changed. */
    private final Map<String, Submitted> submitted = new HashMap<>();

    /** The keys that could not be read, as they were reported. */
    private Set<String> reported = Set.of();

    private @Nullable Reading last;

    /**
     * One read.
     *
     * @param nodes the value that MonitoringServer rewrites for each node, by node
     * @param containers the containers of each node, sorted by id; a node without containers is left out
     * @param unreadable the keys of containers that cannot be read. Their nodes are unknown, so the read proves nothing
     */
    private record Reading(
            Timestamp began,
            Map<String, String> nodes,
            Map<String, List<ContainerFacts>> containers,
            List<String> unreadable) {

        /** Whether the read proves nothing. All nodes empty: MonitoringServer has deleted its keys, or the database is new. */
        boolean isUseless() {
            return containers.isEmpty() || !unreadable.isEmpty();
        }

        List<ContainerFacts> containersOf(String node) {
            return containers.getOrDefault(node, List.of());
        }
    }

    private record Submitted(
            List<ContainerFacts> containers, @Nullable NodeEntry node) {}

    /** @param quiet for how long a node must not have reported before the first of two reads */
    ContainerImport(PullpiriStore store, Manager manager, MirrorMetrics metrics, Clock clock, Duration quiet) {
        this.store = store;
        this.manager = manager;
        this.metrics = metrics;
        this.clock = clock;
        this.quiet = quiet;
    }

    /**
     * Reads once, and submits what two reads prove.
     *
     * @return why not everything was applied, for operators; empty if everything was
     * @throws PullpiriStoreException if Pullpiri's store failed; nothing was applied
     */
    String read() throws PullpiriStoreException, InterruptedException {
        Reading before = last;
        Reading now = reading();
        last = now;
        submitted.keySet().retainAll(now.nodes().keySet());
        reportUnreadable(now.unreadable());
        if (!now.unreadable().isEmpty()) {
            return now.unreadable().size()
                    + " container(s) of Pullpiri's store cannot be read, so lost container lists are"
                    + " not found; the first is " + now.unreadable().getFirst();
        }
        if (before == null || before.isUseless() || now.isUseless() || wasOffloading(before)) {
            return "";
        }
        String trouble = "";
        for (String node : now.nodes().keySet()) {
            if (isProof(node, before, now)) {
                String why = submit(node, now.containersOf(node), before.began().monotonicNanos() - quiet.toNanos());
                trouble = why.isEmpty() ? trouble : why;
            }
        }
        return trouble;
    }

    /** Returns the nodes whose facts were submitted. */
    Set<String> rememberedNodes() {
        return Set.copyOf(submitted.keySet());
    }

    private Reading reading() throws PullpiriStoreException {
        Timestamp began = clock.now();
        Map<String, String> nodes = new TreeMap<>();
        store.readPrefix(NODES).forEach((key, value) -> {
            String node = key.substring(NODES.length());
            if (Names.problem(node) == null) {
                nodes.put(node, value);
            }
        });
        SortedMap<String, String> pairs = store.readPrefix(CONTAINERS);
        metrics.read();
        metrics.read();
        List<String> unreadable = new ArrayList<>();
        List<StoredContainer> readable = new ArrayList<>();
        pairs.forEach((key, text) -> {
            StoredContainer container = StoredContainer.parse(text);
            if (container == null) {
                unreadable.add(key);
            } else {
                readable.add(container);
            }
        });
        Map<String, List<ContainerFacts>> containers = readable.stream()
                .filter(container -> Names.problem(container.node()) == null)
                .collect(Collectors.groupingBy(
                        StoredContainer::node,
                        TreeMap::new,
                        Collectors.collectingAndThen(Collectors.toList(), ContainerImport::sorted)));
        return new Reading(began, nodes, containers, unreadable);
    }

    /** Counts and logs each key once, until it can be read or is gone. */
    private void reportUnreadable(List<String> keys) {
        for (String key : keys) {
            if (!reported.contains(key)) {
                manager.anomalies()
                        .add(
                                "unreadable-container",
                                key
                                        + " of Pullpiri's store is no container: expected JSON with 'id' and 'config.Hostname'."
                                        + " Delete the key if MonitoringServer does not rewrite it");
            }
        }
        reported = Set.copyOf(keys);
    }

    private static List<ContainerFacts> sorted(List<StoredContainer> containers) {
        return containers.stream()
                .map(StoredContainer::facts)
                .sorted(Comparator.comparing(ContainerFacts::id))
                .toList();
    }

    /**
     * Whether a call to move a model was open since a read. During such a call MonitoringServer waits, and stores nothing.
     */
    private boolean wasOffloading(Reading since) {
        return manager.view().offloads().values().stream()
                .map(entry -> entry.record())
                .anyMatch(record -> record != null
                        && (record.isOpen()
                                || record.endedNanos() > since.began().wallNanos()));
    }

    /** Whether both reads agree about a node, and MonitoringServer has written about the node between them. */
    private static boolean isProof(String node, Reading before, Reading now) {
        String earlier = before.nodes().get(node);
        return earlier != null
                && !earlier.equals(now.nodes().get(node))
                && before.containersOf(node).equals(now.containersOf(node));
    }

    private String submit(String node, List<ContainerFacts> containers, long quietSince) throws InterruptedException {
        View view = manager.view();
        NodeEntry before = view.nodes().get(node);
        Submitted now = new Submitted(containers, before);
        if (now.equals(submitted.get(node)) || (before != null && before.heardNanos() >= quietSince)) {
            return "";
        }
        CommandResult result;
        try {
            result = manager.submit(
                            new Command.StoredContainers(node, containers, quietSince), ArtifactImport.COMMIT_WAIT)
                    .get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
        String reason = ArtifactImport.failure(result);
        if (!reason.isEmpty()) {
            return "containers of Pullpiri's store are not stored: " + reason;
        }
        NodeEntry after = manager.view().nodes().get(node);
        submitted.put(node, new Submitted(containers, after));
        if (after != null && (before == null || !after.containers().equals(before.containers()))) {
            metrics.foundContainers();
            LOG.info("node {}: a container list was lost; its containers are taken from Pullpiri's store", node);
        }
        return "";
    }
}
