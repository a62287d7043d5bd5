// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import static io.pullpiri.statemanager.simulation.Witness.require;

import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.view.Journal;
import io.pullpiri.statemanager.view.ResourceKind;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Follows the containers in the node records from commit to commit, and checks the specification's rules for absent ones: when
 * they are gone, which of them were stopped on purpose, and which dead ones go on counting. It shares no code with the rules.
 */
final class ContainerWitness {

    private static final long VANISH_GRACE = TimeUnit.SECONDS.toNanos(3);
    private static final long EMPTY_GRACE = TimeUnit.SECONDS.toNanos(30);
    private static final long STOP_WINDOW = TimeUnit.SECONDS.toNanos(15);

    /** The records have times in milliseconds. */
    private static final long TOLERANCE = TimeUnit.MILLISECONDS.toNanos(5);

    private final SimulatedStore store;
    private final VirtualTime time;
    private final Counts counts;
    private final Map<String, Map<String, StoredContainer>> records = new HashMap<>();
    private final Map<String, Past> pasts = new HashMap<>();

    /**
     * What happened to a container so far, in ticks; null for what did not happen.
     *
     * @param stopped when it was first named as ended by a stop
     * @param missed when an empty list first left it out
     * @param leftOut when another list first left it out
     * @param begun when the first of these happened. After a later jump of the clock, a start cannot know the time that has passed.
     */
    private record Past(
            @Nullable Long stopped,
            @Nullable Long missed,
            @Nullable Long leftOut,
            long begun) {

        /** When it is gone. */
        long end() {
            return Math.min(
                    missed == null ? Long.MAX_VALUE : missed + EMPTY_GRACE,
                    leftOut == null ? Long.MAX_VALUE : leftOut + VANISH_GRACE);
        }
    }

    ContainerWitness(SimulatedStore store, VirtualTime time, Counts counts) {
        this.store = store;
        this.time = time;
        this.counts = counts;
    }

    /**
     * Checks a commit of the server, on a day on which each plan fits into one transaction.
     *
     * @param isNamed whether a package surely names a model, before and after the commit
     */
    void see(SimulatedStore.Commit commit, Predicate<String> isNamed) {
        Map<String, Map<String, StoredContainer>> before = Map.copyOf(records);
        for (WatchEvent change : commit.changes()) {
            if (change.key().startsWith(Keys.NODE_PREFIX)) {
                String node = change.key().substring(Keys.NODE_PREFIX.length());
                Map<String, StoredContainer> now = StoredContainer.of(change.value());
                if (now == null || isForgotten(node, commit)) {
                    pasts.keySet().removeIf(key -> key.startsWith(node + " "));
                }
                if (now == null) {
                    records.remove(node);
                } else {
                    records.put(node, now);
                }
            }
        }
        // A node that was forgotten may have named any container, in a list that was decided in the same commit.
        boolean forgotten = Day.NODES.stream().anyMatch(node -> isForgotten(node, commit));
        for (String node : records.keySet()) {
            Map<String, StoredContainer> old = before.get(node);
            Map<String, StoredContainer> now = Objects.requireNonNull(records.get(node));
            if (old != null && !old.equals(now) && !isForgotten(node, commit)) {
                old.forEach((name, container) -> {
                    if (!now.containsKey(name)) {
                        gone(node, name, container, commit.sent(), model -> !forgotten && isNamed.test(model), before);
                    }
                });
            }
            now.forEach((name, container) -> stays(node, name, container, commit.sent(), old));
        }
    }

    private static boolean isForgotten(String node, SimulatedStore.Commit commit) {
        return commit.changes().stream()
                .filter(change -> change.key().startsWith(Keys.JOURNAL_PREFIX) && change.value() != null)
                .flatMap(change -> Stream.ofNullable(Journal.changes(Objects.requireNonNull(change.value()))))
                .flatMap(List::stream)
                .anyMatch(change ->
                        change.kind() == ResourceKind.NODE && change.name().equals(node));
    }

    private void stays(
            String node, String name, StoredContainer now, long at, @Nullable Map<String, StoredContainer> before) {
        String key = node + " " + name;
        StoredContainer old = before == null ? null : before.get(name);
        Past past = pasts.getOrDefault(key, new Past(null, null, null, at));
        if (old != null && old.equals(now)) {
            return;
        }
        Long stopped = now.mayBeStopped()
                ? past.stopped != null && old != null && (old.stoppedSince() == now.stoppedSince() || now.isRemoved())
                        ? past.stopped
                        : Long.valueOf(at)
                : null;
        if (now.isListed()) {
            pasts.put(key, new Past(stopped, null, null, stopped == null || past.stopped == null ? at : past.begun));
            return;
        }
        if (now.isRemoved()) {
            require(now.isDead(), "container %s on %s is not dead, and was kept after its removal", name, node);
            if (old == null || !old.isRemoved()) {
                requireEnd(key, past, at);
                require(
                        old == null || !old.absence().equals("STOPPED"),
                        "container %s was stopped on purpose, and counts as dead",
                        key);
                counts.add("removed container kept");
            }
            return;
        }
        boolean missed = now.absence().equals("MISSED");
        Past next = new Past(
                stopped,
                past.missed == null && missed ? Long.valueOf(at) : past.missed,
                past.leftOut == null && !missed ? Long.valueOf(at) : past.leftOut,
                past.begun);
        if (past.leftOut == null && !missed) {
            requireStop(key, now, next, at);
        }
        pasts.put(key, next);
    }

    /** Checks whether a container that a list left out counts as stopped on purpose. */
    private void requireStop(String key, StoredContainer now, Past past, long at) {
        long since = past.stopped == null ? Long.MAX_VALUE : at - past.stopped;
        boolean surely = time.lastJump() <= past.begun && Math.abs(since - STOP_WINDOW) > TOLERANCE;
        if (surely || past.stopped == null) {
            boolean stopped = past.stopped != null && since <= STOP_WINDOW;
            require(
                    stopped == now.absence().equals("STOPPED"),
                    "container %s was %s on purpose, and is %s",
                    key,
                    stopped ? "stopped" : "not stopped",
                    now.absence());
            counts.add(stopped ? "container stopped on purpose" : "container left out");
        }
    }

    private void gone(
            String node,
            String name,
            StoredContainer old,
            long at,
            Predicate<String> isNamed,
            Map<String, Map<String, StoredContainer>> before) {
        String key = node + " " + name;
        Past past = pasts.remove(key);
        boolean replaced = isElsewhere(node, name, before) || isElsewhere(node, name, records);
        boolean stillCounts = isNamed.test(name.substring(0, name.indexOf('_'))) && !replaced;
        require(!old.isRemoved() || !stillCounts, "container %s was dead when it was removed, and counts no more", key);
        if (old.isListed() || old.isRemoved()) {
            return; // several lists were decided together
        }
        require(
                !old.isDead() || mayBeGone(old) || !stillCounts,
                "container %s was dead and not stopped on purpose, and counts no more",
                key);
        if (past != null) {
            requireEnd(key, past, at);
            counts.add("container gone after its grace period");
        }
    }

    /** Whether a dead container was stopped on purpose, or may have been by a list that was decided in the same commit. */
    private static boolean mayBeGone(StoredContainer dead) {
        return dead.absence().equals("STOPPED") || (dead.absence().equals("MISSED") && dead.mayBeStopped());
    }

    private void requireEnd(String key, Past past, long at) {
        if (past.end() != Long.MAX_VALUE && time.lastJump() <= past.begun) {
            require(
                    at >= past.end() - TOLERANCE,
                    "container %s is gone %d ms before its grace period ends",
                    key,
                    TimeUnit.NANOSECONDS.toMillis(past.end() - at));
        }
    }

    private static boolean isElsewhere(String node, String name, Map<String, Map<String, StoredContainer>> all) {
        return all.entrySet().stream().anyMatch(of -> {
            StoredContainer other = of.getValue().get(name);
            return !of.getKey().equals(node) && other != null && !other.isRemoved();
        });
    }

    /**
     * Checks the node records at rest: no grace period is left, and removed containers count for a reason.
     *
     * @param mayBeNamed whether a package may name a model
     */
    void quiet(Predicate<String> mayBeNamed) {
        Map<String, Map<String, StoredContainer>> all = new HashMap<>();
        for (String node : Day.NODES) {
            all.put(node, Objects.requireNonNullElse(StoredContainer.of(store.value(Keys.node(node))), Map.of()));
        }
        all.forEach((node, containers) -> containers.forEach((name, container) -> {
            require(
                    container.isListed() || container.isRemoved(),
                    "quiet: container %s on %s is absent, and its grace period does not end: %s",
                    name,
                    node,
                    container);
            if (container.isRemoved()) {
                require(
                        mayBeNamed.test(name.substring(0, name.indexOf('_'))) && !isElsewhere(node, name, all),
                        "quiet: container %s on %s was removed, and still counts",
                        name,
                        node);
                counts.add("removed container at rest");
            }
        }));
    }
}
