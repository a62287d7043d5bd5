// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.View;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Metrics by node, for a bounded number of nodes, because a client can invent node names. */
final class NodeMetrics {

    /** How many nodes have a label of their own. */
    private static final int LABELLED = 100;

    /** The label of all other nodes together. No node has this name, because {@code <} is not valid in names. */
    private static final String OTHERS = "<others>";

    private NodeMetrics() {}

    static void register(PrometheusRegistry registry, Manager manager) {
        GaugeWithCallback.builder()
                .name("statemanager_unmatched_containers")
                .help("Containers that count for no package, by node: of the " + LABELLED
                        + " nodes with the most of them, and of all others together")
                .labelNames("node")
                .callback(
                        callback -> unmatched(manager.view()).forEach(each -> callback.call(each.count(), each.node())))
                .register(registry);
        GaugeWithCallback.builder()
                .name("statemanager_nodes_sharing_a_name")
                .help("Node names under which two addresses report in turn, with different containers")
                .callback(callback -> callback.call((double) manager.view().nodes().values().stream()
                        .filter(node -> node.peers().shared() != null)
                        .count()))
                .register(registry);
        CounterWithCallback.builder()
                .name("statemanager_node_name_turns_total")
                .help("How often a list came in turn from another address, with different containers")
                .callback(callback ->
                        callback.call(manager.anomalies().counts().getOrDefault(Anomalies.SHARED_NODE_NAME, 0L)))
                .register(registry);
    }

    /** The number of a node's containers that count for no package. */
    record Unmatched(String node, int count) {}

    /** Returns the nodes with the most unmatched containers, and one entry for all others. Nodes without any are left out. */
    static List<Unmatched> unmatched(View view) {
        List<Unmatched> all = view.nodes().entrySet().stream()
                .map(node -> unmatched(view, node))
                .filter(node -> node.count() > 0)
                .sorted(Comparator.comparingInt(Unmatched::count).reversed().thenComparing(Unmatched::node))
                .toList();
        if (all.size() <= LABELLED) {
            return all;
        }
        int others = all.stream().skip(LABELLED).mapToInt(Unmatched::count).sum();
        return Stream.concat(all.stream().limit(LABELLED), Stream.of(new Unmatched(OTHERS, others)))
                .toList();
    }

    private static Unmatched unmatched(View view, Map.Entry<String, NodeEntry> node) {
        return new Unmatched(node.getKey(), view.unmatched(node.getValue()).size());
    }
}
