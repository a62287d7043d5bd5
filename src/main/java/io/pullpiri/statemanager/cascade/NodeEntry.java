package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.state.ModelState;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The digest of a node's last report.
 *
 * @param containers by name: those of the last list, and those that it left out and that are not given up yet
 * @param kept the states of models whose containers give none at the moment, so that a restart does not forget them
 * @param graceEnds when the absent containers are given up, in {@link Moment#ticks}
 * @param reportedMillis when the node last reported, milliseconds since 1970; after a restart, when it last reported
 *     something that was written; 0 if no record says so
 * @param revision the commit that wrote the digest, 0 if none did
 * @param unread whether that digest is damaged, so that nothing can be concluded from what is not here
 */
public record NodeEntry(
        String name,
        SortedMap<String, Container> containers,
        SortedMap<String, ModelState> kept,
        Map<String, Long> graceEnds,
        long reportedMillis,
        long revision,
        boolean unread) {

    public NodeEntry {
        containers = Collections.unmodifiableSortedMap(containers);
        kept = Collections.unmodifiableSortedMap(kept);
        graceEnds = Map.copyOf(graceEnds);
    }

    static NodeEntry empty(String name) {
        return new NodeEntry(name, new TreeMap<>(), new TreeMap<>(), Map.of(), 0, 0, false);
    }

    static NodeEntry unread(String name, long revision) {
        return new NodeEntry(name, new TreeMap<>(), new TreeMap<>(), Map.of(), 0, revision, true);
    }

    /** About how much memory it takes. */
    long bytes() {
        long bytes = 400;
        for (Container container : containers.values()) {
            bytes += container.bytes();
        }
        return bytes;
    }

    /** The same node with other containers; what could not be read is replaced. */
    NodeEntry with(
            SortedMap<String, Container> newContainers,
            SortedMap<String, ModelState> newKept,
            Map<String, Long> newGraceEnds) {
        return new NodeEntry(name, newContainers, newKept, newGraceEnds, reportedMillis, revision, false);
    }

    NodeEntry keeping(SortedMap<String, ModelState> newKept) {
        return new NodeEntry(name, containers, newKept, graceEnds, reportedMillis, revision, unread);
    }

    NodeEntry reportedAt(long epochMillis) {
        return new NodeEntry(name, containers, kept, graceEnds, epochMillis, revision, unread);
    }

    NodeEntry at(long newRevision) {
        return new NodeEntry(name, containers, kept, graceEnds, reportedMillis, newRevision, unread);
    }
}
