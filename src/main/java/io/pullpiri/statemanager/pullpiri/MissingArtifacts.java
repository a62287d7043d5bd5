// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Decides which artifacts were deleted in Pullpiri's store. An absent key proves little: a service with a wiped database
 * answers every read with success and no keys. May be used from any thread.
 */
// [impl->req~mir-deletion~1]
final class MissingArtifacts {

    /** The number of artifacts that may be missing at once without a confirmation by an operator. */
    static final int MAX_UNCONFIRMED = 3;

    private final Duration confirmation;
    private final Map<String, Long> absentSince = new HashMap<>();

    /** The keys whose deletion an operator has accepted. */
    private final Set<String> accepted = new HashSet<>();

    private Set<String> missing = Set.of();
    private int mirrored;
    private boolean held;

    /** @param confirmation how long a key must be absent, from the first read without it */
    MissingArtifacts(Duration confirmation) {
        this.confirmation = confirmation;
    }

    /**
     * Takes the result of one successful read.
     *
     * @param mirrored the keys of the artifacts that the mirror brought, and that our store has
     * @param present the keys of all artifacts in Pullpiri's store
     * @param now in nanoseconds, from any origin
     * @return the keys that were absent for long enough; the caller deletes those that a read of the key does not find either
     */
    synchronized List<String> read(Set<String> mirrored, Set<String> present, long now) {
        this.mirrored = mirrored.size();
        missing = new TreeSet<>(mirrored);
        missing.removeAll(present);
        absentSince.keySet().retainAll(missing);
        accepted.retainAll(missing);
        missing.forEach(key -> absentSince.putIfAbsent(key, now));
        boolean tooMany = missing.size() > MAX_UNCONFIRMED && missing.size() * 2 > mirrored.size();
        // A database that fills again is still not complete: what is missing of it stays held.
        held = (held || tooMany) && !accepted.containsAll(missing);
        return held
                ? List.of()
                : missing.stream()
                        .filter(key -> now - absentSince.getOrDefault(key, now) >= confirmation.toNanos())
                        .toList();
    }

    /** Whether so many artifacts are missing that an operator must accept their deletion. */
    synchronized boolean isHeld() {
        return held;
    }

    /** Describes what is held, for operators. */
    synchronized String description() {
        return missing.size() + " of " + mirrored
                + " artifacts are missing in Pullpiri's store, which may have lost its"
                + " database; none is deleted until 'statemanager mirror accept'";
    }

    /**
     * Accepts that the artifacts that are missing now were deleted.
     *
     * @return their keys; empty if nothing is held
     */
    synchronized List<String> accept() {
        if (!held) {
            return List.of();
        }
        accepted.addAll(missing);
        return List.copyOf(missing);
    }
}
