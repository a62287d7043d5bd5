package io.pullpiri.statemanager.artifact;

import java.util.List;
import java.util.stream.Stream;

/** The kinds of artifacts that Pullpiri has. */
final class ArtifactKinds {

    /** No package's state depends on one of these. */
    private static final List<String> STATELESS = List.of("Network", "Node", "Pod", "Policy", "Schedule", "Volume");

    private static final List<String> ALL = Stream.concat(
                    Stream.of(ScenarioArtifact.KIND, PackageArtifact.KIND, ModelArtifact.KIND), STATELESS.stream())
            .toList();

    private ArtifactKinds() {}

    static boolean isKnown(String kind) {
        return ALL.contains(kind);
    }

    /** What was expected in place of an unknown kind. */
    static String expected(String kind) {
        String nearest = SpellingSuggestions.meant(kind, ALL);
        return "(expected: one of " + String.join(", ", ALL)
                + (nearest == null ? "" : "; did you mean " + nearest + "?") + ")";
    }
}
