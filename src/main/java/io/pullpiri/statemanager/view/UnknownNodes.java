// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import java.util.Comparator;
import org.pcollections.TreePSet;

/**
 * The unknown nodes, which never named a model of a package, and the memory that they take. Immutable.
 *
 * @param oldestFirst the nodes in the order of their last reports
 * @param bytes the estimated memory of the nodes and their models in bytes
 */
public record UnknownNodes(TreePSet<LastReport> oldestFirst, long bytes) {

    /** No nodes. */
    public static final UnknownNodes NONE = new UnknownNodes(
            TreePSet.<LastReport>empty(
                    Comparator.comparingLong(LastReport::heardNanos).thenComparing(LastReport::name)),
            0);

    /**
     * The last report of a node.
     *
     * @param heardNanos in {@link Timestamp#monotonicNanos}
     */
    public record LastReport(long heardNanos, String name) {}

    /** Adds a node. */
    public UnknownNodes plus(NodeEntry node) {
        return new UnknownNodes(oldestFirst.plus(new LastReport(node.heardNanos(), node.name())), bytes + node.claim());
    }

    /** Removes a node; the entry must be the one that was added. */
    public UnknownNodes minus(NodeEntry node) {
        return new UnknownNodes(
                oldestFirst.minus(new LastReport(node.heardNanos(), node.name())), bytes - node.claim());
    }
}
