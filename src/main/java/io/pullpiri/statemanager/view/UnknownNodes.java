package io.pullpiri.statemanager.view;

import java.util.Comparator;
import org.pcollections.TreePSet;

/**
 * The nodes that never named a model of a package, and the memory that they take. Immutable.
 *
 * @param oldestFirst in the order of their last reports
 * @param bytes about how much memory they and their models take
 */
public record UnknownNodes(TreePSet<LastReport> oldestFirst, long bytes) {

    /** None. */
    public static final UnknownNodes NONE = new UnknownNodes(
            TreePSet.<LastReport>empty(
                    Comparator.comparingLong(LastReport::heardTicks).thenComparing(LastReport::name)),
            0);

    /** A node, and when it was heard of last. */
    public record LastReport(long heardTicks, String name) {}

    public UnknownNodes plus(NodeEntry node) {
        return new UnknownNodes(oldestFirst.plus(new LastReport(node.heardTicks(), node.name())), bytes + node.claim());
    }

    public UnknownNodes minus(NodeEntry node) {
        return new UnknownNodes(
                oldestFirst.minus(new LastReport(node.heardTicks(), node.name())), bytes - node.claim());
    }
}
