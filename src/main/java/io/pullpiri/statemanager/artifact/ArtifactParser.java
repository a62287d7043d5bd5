package io.pullpiri.statemanager.artifact;

import io.pullpiri.statemanager.state.LogText;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads artifacts from YAML. */
public final class ArtifactParser {

    private ArtifactParser() {}

    /**
     * Reads an operator's file: several documents, empty ones skipped.
     *
     * @throws BrokenArtifactException naming the first document that is broken
     */
    public static List<Artifact> parseAll(String yaml) throws BrokenArtifactException {
        return parseAll(yaml, warning -> {});
    }

    /**
     * Reads an operator's file: several documents, empty ones skipped.
     *
     * @param warnings receives what its author probably did not mean, such as a misspelt field, with artifact and line; there
     *     may be as many as the text has fields
     * @throws BrokenArtifactException naming the first document that is broken
     */
    public static List<Artifact> parseAll(String yaml, Consumer<String> warnings) throws BrokenArtifactException {
        return documents(yaml, new ArtifactReader(ArtifactReader.Purpose.APPLY, warnings));
    }

    /**
     * Reads only what the documents are called, so that broken ones can be named too; the rest of each artifact is empty.
     *
     * @throws BrokenArtifactException naming the first document that has no kind or name
     */
    public static List<Artifact> parseNames(String yaml) throws BrokenArtifactException {
        return documents(yaml, new ArtifactReader(ArtifactReader.Purpose.NAME, warning -> {}));
    }

    /** @throws BrokenArtifactException if there is no artifact, or the same one twice */
    public static List<Artifact> requireDistinct(List<Artifact> artifacts) throws BrokenArtifactException {
        if (artifacts.isEmpty()) {
            throw new BrokenArtifactException("has no documents (expected: at least one artifact)");
        }
        Set<String> names = new HashSet<>();
        for (Artifact artifact : artifacts) {
            String name = artifact.kind() + "/" + artifact.name();
            if (!(artifact instanceof OtherArtifact) && !names.add(name)) {
                throw new BrokenArtifactException(LogText.printable(name) + ": stands there twice (expected: once)");
            }
        }
        return artifacts;
    }

    private static List<Artifact> documents(String yaml, ArtifactReader reader) throws BrokenArtifactException {
        YamlStream stream = YamlStream.split(yaml);
        List<Artifact> artifacts = new ArrayList<>();
        try {
            for (YamlStream.Document document : stream.documents()) {
                Node node = Yaml.node(document.text(), document.firstLine());
                if (node != null) {
                    artifacts.add(reader.read(node, document.text(), document.firstLine()));
                }
            }
            if (stream.failure() != null) {
                throw stream.failure();
            }
        } catch (BrokenArtifactException e) {
            throw new BrokenArtifactException("document " + (artifacts.size() + 1) + ": " + e.reason());
        }
        return artifacts;
    }

    /**
     * Reads one stored value: exactly one document. Names and kinds that a new artifact may not have are read too.
     *
     * @throws BrokenArtifactException if it is none, or broken
     */
    public static Artifact parse(String yaml) throws BrokenArtifactException {
        Node node = Yaml.node(yaml, 1);
        if (node == null) {
            throw new BrokenArtifactException("is empty (expected: one YAML document)");
        }
        return new ArtifactReader(ArtifactReader.Purpose.STORED, warning -> {}).read(node, yaml, 1);
    }
}
