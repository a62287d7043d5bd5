package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.state.ModelState;
import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The digest of a node's last report.
 *
 * @param containers by name: those of the last list, and those that it left out and that are not given up yet
 * @param lastKnownStates the states of models whose containers give none at the moment, so that a restart does not forget them
 * @param graceEnds when the absent containers are given up, in {@link Timestamp#monotonicNanos}
 * @param reportedMillis when the node last reported, milliseconds since 1970; after a restart, when it last reported
 *     something that was written; 0 if no record says so
 * @param heardTicks the same in {@link Timestamp#monotonicNanos}; if no record says so, when the store was read
 * @param recognized whether a package names, or named at the time of one of its reports, a model of its containers
 * @param peers the addresses that its lists come from
 * @param revision the commit that wrote the digest, 0 if none did
 * @param unparsable whether that digest is damaged, so that nothing can be concluded from what is not here
 */
public record NodeEntry(
        String name,
        SortedMap<String, Container> containers,
        SortedMap<String, ModelState> lastKnownStates,
        Map<String, Long> graceEnds,
        long reportedMillis,
        long heardTicks,
        boolean recognized,
        Peers peers,
        long revision,
        boolean unparsable) {

    /** The estimated memory in bytes of a new model or scenario. */
    public static final long NEW_BYTES = 1_000;

    public NodeEntry {
        containers = Collections.unmodifiableSortedMap(containers);
        lastKnownStates = Collections.unmodifiableSortedMap(lastKnownStates);
        graceEnds = Map.copyOf(graceEnds);
    }

    public static NodeEntry empty(String name) {
        return new NodeEntry(name, new TreeMap<>(), new TreeMap<>(), Map.of(), 0, 0, false, Peers.NONE, 0, false);
    }

    public static NodeEntry unparsable(String name, long heardTicks, long revision) {
        return new NodeEntry(
                name, new TreeMap<>(), new TreeMap<>(), Map.of(), 0, heardTicks, false, Peers.NONE, revision, true);
    }

    /** What an operator should know of the node, in words; empty if there is nothing. */
    public String warning() {
        Peers.SharedName shared = peers.shared();
        return shared == null ? "" : shared.description() + ", since " + Instant.ofEpochMilli(shared.sinceMillis());
    }

    /** The models that its containers belong to, by name. */
    public SortedSet<String> models() {
        SortedSet<String> models = new TreeSet<>();
        for (Container container : containers.values()) {
            if (container.model() != null) {
                models.add(container.model());
            }
        }
        return models;
    }

    /** About how much memory it takes. */
    public long bytes() {
        long bytes = 400;
        for (Container container : containers.values()) {
            bytes += container.bytes();
        }
        return bytes;
    }

    /** About how much memory it takes with the models that its containers belong to. */
    public long claim() {
        return bytes() + models().size() * NEW_BYTES;
    }

    /** The same node with other containers; what could not be read is replaced. */
    public NodeEntry with(
            SortedMap<String, Container> newContainers,
            SortedMap<String, ModelState> newKept,
            Map<String, Long> newGraceEnds) {
        return new NodeEntry(
                name,
                newContainers,
                newKept,
                newGraceEnds,
                reportedMillis,
                heardTicks,
                recognized,
                peers,
                revision,
                false);
    }

    public NodeEntry withLastKnownStates(SortedMap<String, ModelState> newKept) {
        return new NodeEntry(
                name,
                containers,
                newKept,
                graceEnds,
                reportedMillis,
                heardTicks,
                recognized,
                peers,
                revision,
                unparsable);
    }

    /** The same node as it has just reported. */
    public NodeEntry reported(Timestamp now, Peers newPeers, boolean newRecognized) {
        return new NodeEntry(
                name,
                containers,
                lastKnownStates,
                graceEnds,
                now.wallMillis(),
                now.monotonicNanos(),
                newRecognized,
                newPeers,
                revision,
                unparsable);
    }

    public NodeEntry recognized(boolean newRecognized) {
        return new NodeEntry(
                name,
                containers,
                lastKnownStates,
                graceEnds,
                reportedMillis,
                heardTicks,
                newRecognized,
                peers,
                revision,
                unparsable);
    }

    public NodeEntry at(long newRevision) {
        return new NodeEntry(
                name,
                containers,
                lastKnownStates,
                graceEnds,
                reportedMillis,
                heardTicks,
                recognized,
                peers,
                newRevision,
                unparsable);
    }
}
