// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import io.pullpiri.statemanager.state.LogText;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.snakeyaml.engine.v2.nodes.Node;

/** Parses artifacts from YAML of unknown origin. */
public final class ArtifactParser {

    private ArtifactParser() {}

    /**
     * Parses a file that may have several documents. Empty documents are skipped.
     *
     * @throws BrokenArtifactException naming the first document that is broken
     */
    public static List<Artifact> parseAll(String yaml) throws BrokenArtifactException {
        return parseAll(yaml, warning -> {});
    }

    /**
     * Parses a file that may have several documents. Empty documents are skipped.
     *
     * @param warnings gets each probable mistake, such as a misspelled field, with artifact and line; there may be one for each
     *     field of the text
     * @throws BrokenArtifactException naming the first document that is broken
     */
    public static List<Artifact> parseAll(String yaml, Consumer<String> warnings) throws BrokenArtifactException {
        return documents(yaml, new ArtifactReader(ArtifactReader.Purpose.APPLY, warnings));
    }

    /**
     * Parses only the kind and name of each document, so that broken artifacts can be deleted. Other values are empty.
     *
     * @throws BrokenArtifactException naming the first document that has no kind or name
     */
    public static List<Artifact> parseNames(String yaml) throws BrokenArtifactException {
        return documents(yaml, new ArtifactReader(ArtifactReader.Purpose.NAME, warning -> {}));
    }

    /**
     * Checks artifacts, and returns them.
     *
     * @throws BrokenArtifactException if there is no artifact, or one occurs twice
     */
    public static List<Artifact> requireDistinct(List<Artifact> artifacts) throws BrokenArtifactException {
        if (artifacts.isEmpty()) {
            throw new BrokenArtifactException("has no documents (expected: at least one artifact)");
        }
        Set<String> names = new HashSet<>();
        for (Artifact artifact : artifacts) {
            String name = artifact.kind() + "/" + artifact.name();
            if (!(artifact instanceof OtherArtifact) && !names.add(name)) {
                throw new BrokenArtifactException(LogText.printable(name) + ": occurs twice (expected: once)");
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
     * Parses a stored value, which is exactly one document. Names and kinds that are refused in new artifacts are accepted.
     *
     * @throws BrokenArtifactException if the value is not an artifact, or is broken
     */
    public static Artifact parse(String yaml) throws BrokenArtifactException {
        Node node = Yaml.node(yaml, 1);
        if (node == null) {
            throw new BrokenArtifactException("is empty (expected: one YAML document)");
        }
        return new ArtifactReader(ArtifactReader.Purpose.STORED, warning -> {}).read(node, yaml, 1);
    }
}
