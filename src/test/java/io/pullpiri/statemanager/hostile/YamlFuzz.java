package io.pullpiri.statemanager.hostile;

import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import java.nio.charset.StandardCharsets;

/** Any text at all is artifacts or broken, and nothing else happens. */
public final class YamlFuzz {

    private YamlFuzz() {}

    /** Called by the fuzzer, and by {@link FuzzTargetsTest}. */
    public static void fuzzerTestOneInput(byte[] input) {
        String text = new String(input, StandardCharsets.UTF_8);
        try {
            ArtifactParser.parseAll(text);
        } catch (BrokenArtifactException e) {
            require(e.reason());
        }
        try {
            ArtifactParser.parseNames(text);
        } catch (BrokenArtifactException e) {
            require(e.reason());
        }
    }

    private static void require(String reason) {
        if (reason.isBlank() || reason.lines().count() != 1) {
            throw new AssertionError("a reason for people, on one line: " + reason);
        }
    }
}
