// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import java.util.List;
import java.util.stream.Stream;

/** The kinds of artifacts that Pullpiri has. */
final class ArtifactKinds {

    /** Kinds on which no state depends. */
    private static final List<String> STATELESS = List.of("Network", "Node", "Pod", "Policy", "Schedule", "Volume");

    private static final List<String> ALL = Stream.concat(
                    Stream.of(ScenarioArtifact.KIND, PackageArtifact.KIND, ModelArtifact.KIND), STATELESS.stream())
            .toList();

    private ArtifactKinds() {}

    static boolean isKnown(String kind) {
        return ALL.contains(kind);
    }

    /** Returns the part of a message that says which kinds are expected in place of an unknown one. */
    static String expected(String kind) {
        String nearest = SpellingSuggestions.meant(kind, ALL);
        return "(expected: one of " + String.join(", ", ALL)
                + (nearest == null ? "" : "; did you mean " + nearest + "?") + ")";
    }
}
