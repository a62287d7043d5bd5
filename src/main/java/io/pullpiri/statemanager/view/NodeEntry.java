// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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
 * What the view holds of one node: its last report.
 *
 * @param containers by name: those of the last list, and those that it left out and that count nevertheless; see {@link Absence}
 * @param lastKnownStates the last known states of models whose containers give no state now; stored, so that a restart keeps
 *     them
 * @param timers when the grace periods of its absent containers end, and since when it names ended ones
 * @param reportedMillis when the node last reported, in milliseconds since 1970. After a restart this is the last report that
 *     changed the record; 0 if the record does not say.
 * @param heardNanos when the node last reported, in {@link Timestamp#monotonicNanos}; if no record says so, when the store was
 *     read
 * @param isKnown whether it is a known node: a package names a model of its containers, or did at one of its reports
 * @param peers the addresses that its lists come from
 * @param revision the revision of its stored record; 0 if there is none
 * @param damaged whether the stored record is damaged, so that an absent container proves nothing
 */
public record NodeEntry(
        String name,
        SortedMap<String, Container> containers,
        SortedMap<String, ModelState> lastKnownStates,
        ContainerTimers timers,
        long reportedMillis,
        long heardNanos,
        boolean isKnown,
        Peers peers,
        long revision,
        boolean damaged) {

    public NodeEntry {
        containers = Collections.unmodifiableSortedMap(containers);
        lastKnownStates = Collections.unmodifiableSortedMap(lastKnownStates);
    }

    /** The entry of an unknown node. */
    public static NodeEntry empty(String name) {
        return new NodeEntry(
                name, new TreeMap<>(), new TreeMap<>(), ContainerTimers.NONE, 0, 0, false, Peers.NONE, 0, false);
    }

    /** The entry of a node whose stored record is damaged. */
    public static NodeEntry damaged(String name, long heardNanos, long revision) {
        return new NodeEntry(
                name,
                new TreeMap<>(),
                new TreeMap<>(),
                ContainerTimers.NONE,
                0,
                heardNanos,
                false,
                Peers.NONE,
                revision,
                true);
    }

    /** The ends of the grace periods of absent containers, in {@link Timestamp#monotonicNanos}. */
    public Map<String, Long> graceEnds() {
        return timers.graceEnds();
    }

    /** A warning for the operator about the node; empty if there is none. */
    public String warning() {
        Peers.SharedName shared = peers.shared();
        return shared == null ? "" : shared.description() + ", since " + Instant.ofEpochMilli(shared.sinceMillis());
    }

    /** The names of the models that its containers belong to. */
    public SortedSet<String> models() {
        SortedSet<String> models = new TreeSet<>();
        for (Container container : containers.values()) {
            if (container.model() != null) {
                models.add(container.model());
            }
        }
        return models;
    }

    /** The estimated memory in bytes. */
    public long bytes() {
        long bytes = 400;
        for (Container container : containers.values()) {
            bytes += container.bytes();
        }
        return bytes;
    }

    /** The estimated memory in bytes, with that of the models of its containers. */
    public long claim() {
        return bytes() + models().size() * ResourceEntry.NEW_BYTES;
    }

    /** The entry with other containers. They replace a damaged record too. */
    public NodeEntry with(
            SortedMap<String, Container> newContainers,
            SortedMap<String, ModelState> newStates,
            ContainerTimers newTimers) {
        return new NodeEntry(
                name, newContainers, newStates, newTimers, reportedMillis, heardNanos, isKnown, peers, revision, false);
    }

    /** The entry with other last known states. */
    public NodeEntry withLastKnownStates(SortedMap<String, ModelState> newStates) {
        return new NodeEntry(
                name, containers, newStates, timers, reportedMillis, heardNanos, isKnown, peers, revision, damaged);
    }

    /** The entry with the time and the sender of a new report. */
    public NodeEntry reported(Timestamp now, Peers newPeers, boolean newKnown) {
        return new NodeEntry(
                name,
                containers,
                lastKnownStates,
                timers,
                now.wallMillis(),
                now.monotonicNanos(),
                newKnown,
                newPeers,
                revision,
                damaged);
    }

    /** The entry as that of a known node. */
    public NodeEntry asKnown() {
        return new NodeEntry(
                name, containers, lastKnownStates, timers, reportedMillis, heardNanos, true, peers, revision, damaged);
    }

    /** The entry with another revision of its stored record. */
    public NodeEntry at(long newRevision) {
        return new NodeEntry(
                name,
                containers,
                lastKnownStates,
                timers,
                reportedMillis,
                heardNanos,
                isKnown,
                peers,
                newRevision,
                damaged);
    }
}
