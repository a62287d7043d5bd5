// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.testing.OneLine;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Any text is either parsed to artifacts or reported as broken. No other exception occurs. */
public final class YamlFuzz {

    private YamlFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        run(input, OneLine::require);
    }

    /**
     * @param refusals gets the messages about broken artifacts, and the warnings
     * @return the valid artifacts
     */
    static List<Artifact> run(byte[] input, Consumer<String> refusals) {
        String text = new String(input, StandardCharsets.UTF_8);
        List<Artifact> artifacts = new ArrayList<>();
        try {
            for (Artifact artifact : ArtifactParser.parseAll(text, refusals)) {
                requireStoredAsRead(artifact);
                artifacts.add(artifact);
            }
        } catch (BrokenArtifactException e) {
            refusals.accept(e.reason());
        }
        try {
            artifacts.addAll(ArtifactParser.parseNames(text));
        } catch (BrokenArtifactException e) {
            refusals.accept(e.reason());
        }
        return artifacts;
    }

    /** Checks that the stored text of an artifact parses to the same artifact as its document in the file. */
    private static void requireStoredAsRead(Artifact artifact) {
        try {
            Artifact stored = ArtifactParser.parse(artifact.yaml());
            if (!stored.equals(artifact)) {
                throw new AssertionError("stored as " + stored + ", read as " + artifact);
            }
        } catch (BrokenArtifactException e) {
            throw new AssertionError("not readable as it is stored: " + artifact, e);
        }
    }
}
