// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import io.pullpiri.statemanager.manager.ChangeFeed;
import io.pullpiri.statemanager.manager.ChangeReader;
import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.state.ExportedStateNames;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.view.Journal.JournalRecord;
import io.pullpiri.statemanager.view.Journal.Subject;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes the states of our store into Pullpiri's store. It compares both stores at the start, after a failure and once a
 * minute, and writes what differs. In between it writes each change, in commit order. Our store decides: a different value in
 * Pullpiri's store is overwritten. Keys of resources that our store never had are not touched. For one thread.
 */
// [impl->req~mir-states~1]
final class StateExport {

    /** How long changes are followed until both stores are compared again. */
    static final Duration COMPARE_INTERVAL = Duration.ofMinutes(1);

    private static final List<String> PREFIXES =
            List.of(Keys.PACKAGE_STATE_PREFIX, Keys.MODEL_STATE_PREFIX, Keys.SCENARIO_STATE_PREFIX);

    private final PullpiriStore store;
    private final ChangeFeed feed;
    private final ExportedStateNames names;
    private final MirrorMetrics metrics;
    private final BooleanSupplier ownsStore;
    private final Runnable onEqual;

    /**
     * @param ownsStore whether no other server has taken our store over; if one has, our view is out of date, and nothing is
     *     written
     * @param onEqual called when Pullpiri's store has all states of the view that the comparison began with
     */
    StateExport(
            PullpiriStore store,
            ChangeFeed feed,
            ExportedStateNames names,
            MirrorMetrics metrics,
            BooleanSupplier ownsStore,
            Runnable onEqual) {
        this.store = store;
        this.feed = feed;
        this.names = names;
        this.metrics = metrics;
        this.ownsStore = ownsStore;
        this.onEqual = onEqual;
    }

    /**
     * Compares both stores, and then writes changes until they must be compared again.
     *
     * @throws PullpiriStoreException if Pullpiri's store failed: both stores must be compared again
     */
    void run(Duration time) throws PullpiriStoreException, InterruptedException {
        ChangeReader changes = feed.follow();
        compare(Objects.requireNonNull(changes.start()));
        long end = System.nanoTime() + time.toNanos();
        try {
            for (long left = time.toNanos(); left > 0 && ownsStore.getAsBoolean(); left = end - System.nanoTime()) {
                write(changes.next(Duration.ofNanos(left)));
            }
        } catch (ChangeReader.GapException e) {
            // More changes than the feed holds: the next comparison finds them.
        }
    }

    private void compare(View view) throws PullpiriStoreException {
        TreeMap<String, String> found = new TreeMap<>();
        for (String prefix : PREFIXES) {
            found.putAll(store.readPrefix(prefix));
            metrics.read();
        }
        SortedMap<String, String> ours = ExportedStates.of(view, names);
        TreeMap<String, String> different = new TreeMap<>(ours);
        different.entrySet().removeIf(entry -> entry.getValue().equals(found.get(entry.getKey())));
        Set<String> removed = new TreeSet<>(found.keySet());
        removed.removeAll(ours.keySet());
        removed.retainAll(keysEverKnown(view));
        if (!ownsStore.getAsBoolean()) {
            return;
        }
        metrics.repaired(different.size() + removed.size());
        write(different, removed);
        onEqual.run();
    }

    /** Returns the state keys of all resources in the journal: of those that exist and of those that were removed. */
    private static Set<String> keysEverKnown(View view) {
        return view.journal().records().values().stream()
                .map(JournalRecord::subjects)
                .flatMap(List::stream)
                .map(ExportedStates::key)
                .filter(Objects::nonNull)
                .collect(Collectors.toSet());
    }

    /** Writes the newest state of each resource that changed. */
    private void write(List<Event> events) throws PullpiriStoreException {
        Map<String, @Nullable String> newest = new LinkedHashMap<>();
        for (Event event : events) {
            if (event instanceof Event.Changed(var _, Transition change)) {
                String key = ExportedStates.key(Subject.of(change));
                if (key != null) {
                    newest.remove(key); // its place is that of its newest change
                    newest.put(key, ExportedStates.text(change.kind(), change.to(), names));
                }
            }
        }
        Map<String, String> states = new LinkedHashMap<>();
        List<String> removed = new ArrayList<>();
        newest.forEach((key, text) -> {
            if (text == null) {
                removed.add(key);
            } else {
                states.put(key, text);
            }
        });
        write(states, removed);
    }

    private void write(Map<String, String> states, Iterable<String> removed) throws PullpiriStoreException {
        if (!ownsStore.getAsBoolean()) {
            return;
        }
        if (!states.isEmpty()) {
            store.write(states);
            metrics.wrote(states.size());
        }
        for (String key : removed) {
            store.delete(key);
            metrics.wrote(1);
        }
    }
}
