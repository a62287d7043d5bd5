package io.pullpiri.statemanager.cascade;

import java.util.Comparator;
import org.pcollections.TreePSet;

/**
 * The nodes that never named a model of a package, and the memory that they take. Immutable.
 *
 * @param oldestFirst in the order of their last reports
 * @param bytes about how much memory they and their models take
 */
public record Strangers(TreePSet<Seen> oldestFirst, long bytes) {

    /** None. */
    public static final Strangers NONE = new Strangers(
            TreePSet.<Seen>empty(Comparator.comparingLong(Seen::heardTicks).thenComparing(Seen::name)), 0);

    /** A node, and when it was heard of last. */
    public record Seen(long heardTicks, String name) {}

    Strangers plus(NodeEntry node) {
        return new Strangers(oldestFirst.plus(new Seen(node.heardTicks(), node.name())), bytes + node.claim());
    }

    Strangers minus(NodeEntry node) {
        return new Strangers(oldestFirst.minus(new Seen(node.heardTicks(), node.name())), bytes - node.claim());
    }
}
