package io.pullpiri.statemanager.hostile;

import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Any text at all is artifacts or broken, and nothing else happens. */
public final class YamlFuzz {

    private YamlFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        run(input, OneLine::require);
    }

    /**
     * @param refusals hears what is broken
     * @return what is not
     */
    static List<Artifact> run(byte[] input, Consumer<String> refusals) {
        String text = new String(input, StandardCharsets.UTF_8);
        List<Artifact> artifacts = new ArrayList<>();
        try {
            artifacts.addAll(ArtifactParser.parseAll(text));
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
}
