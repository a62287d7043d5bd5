// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import io.pullpiri.statemanager.state.Names;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;

/** Makes an artifact from a YAML document. Fields that StateManager does not use are ignored. */
// [impl->req~bad-artifact~1]
final class ArtifactReader {

    private static final List<String> TOP = List.of("apiVersion", "kind", "metadata", "spec", "status");

    /** Pullpiri reads {@code labels}, but its own artifacts have {@code label}. */
    private static final List<String> METADATA = List.of("name", "labels", "label", "annotations", "namespace");

    private static final List<String> SCENARIO = List.of("condition", "action", "target");
    private static final List<String> PACKAGE = List.of("schedule", "policy", "pattern", "models");
    private static final List<String> MODEL = List.of("name", "node", "resources");

    private final Purpose purpose;
    private final Consumer<String> warnings;

    /** The purpose of reading a document. */
    enum Purpose {
        /** To store it: every used field must be valid. */
        APPLY,
        /** To find out its kind and name: nothing else is read. */
        NAME,
        /** It is stored already: names that an earlier build or another component accepted stay valid. */
        STORED
    }

    ArtifactReader(Purpose purpose, Consumer<String> warnings) {
        this.purpose = purpose;
        this.warnings = warnings;
    }

    /**
     * Reads one document.
     *
     * @param document the parsed form of {@code yaml}
     * @param firstLine the line of the file on which {@code yaml} begins, from 1
     */
    Artifact read(Node document, String yaml, int firstLine) throws BrokenArtifactException {
        YamlFields fields = YamlFields.of(document, firstLine, TOP);
        String kind = kind(fields);
        YamlFields metadata = fields.map("metadata", METADATA);
        return switch (kind) {
            case ScenarioArtifact.KIND, PackageArtifact.KIND, ModelArtifact.KIND ->
                read(kind, name(metadata), fields, metadata, yaml);
            default -> new OtherArtifact(kind, metadata.textOrEmpty("name"), yaml);
        };
    }

    private Artifact read(String kind, String name, YamlFields fields, YamlFields metadata, String yaml)
            throws BrokenArtifactException {
        Consumer<String> found = warning -> warnings.accept(kind + "/" + name + ": " + warning);
        if (purpose == Purpose.APPLY) {
            fields.misspelled(found);
            metadata.misspelled(found);
        }
        return switch (kind) {
            case ScenarioArtifact.KIND -> scenario(name, fields, yaml, found);
            case PackageArtifact.KIND -> packageArtifact(name, fields, yaml, found);
            default -> new ModelArtifact(name, yaml);
        };
    }

    private String kind(YamlFields fields) throws BrokenArtifactException {
        String kind = fields.text("kind", "a kind, such as Package");
        requireGood(fields, "kind", Names.problem(kind));
        if (purpose != Purpose.STORED && !ArtifactKinds.isKnown(kind)) {
            throw new BrokenArtifactException(fields.problem("kind", " is unknown " + ArtifactKinds.expected(kind)));
        }
        return kind;
    }

    private ScenarioArtifact scenario(String name, YamlFields fields, String yaml, Consumer<String> found)
            throws BrokenArtifactException {
        if (purpose == Purpose.NAME) {
            return new ScenarioArtifact(name, "", "", yaml);
        }
        YamlFields spec = fields.map("spec", SCENARIO);
        String target = spec.text("target", "a package's name");
        requireGood(spec, "target", problem(target));
        if (purpose == Purpose.APPLY) {
            spec.misspelled(found);
            ignored(spec, "action", found);
        }
        return new ScenarioArtifact(name, spec.textOrEmpty("action"), target, yaml);
    }

    private PackageArtifact packageArtifact(String name, YamlFields fields, String yaml, Consumer<String> found)
            throws BrokenArtifactException {
        if (purpose == Purpose.NAME) {
            return new PackageArtifact(name, List.of(), yaml);
        }
        YamlFields spec = fields.map("spec", PACKAGE);
        if (purpose == Purpose.APPLY) {
            spec.misspelled(found);
        }
        Map<String, PackageArtifact.ModelRef> models = new LinkedHashMap<>();
        for (YamlFields model : spec.maps("models", MODEL, "a list of models", "a map with a name")) {
            String modelName = model.text("name", "a model's name");
            requireGood(model, "name", problem(modelName));
            if (purpose == Purpose.APPLY) {
                model.misspelled(found);
                ignored(model, "node", found);
            }
            models.putIfAbsent(modelName, new PackageArtifact.ModelRef(modelName, model.textOrEmpty("node")));
        }
        if (models.isEmpty()) {
            found.accept("spec.models names no model, so that the package stays idle (expected: at least one model)");
        }
        return new PackageArtifact(name, List.copyOf(models.values()), yaml);
    }

    /** Warns of an optional field whose type is wrong: its value is ignored, which its author may not expect. */
    private static void ignored(YamlFields fields, String key, Consumer<String> found) {
        if (fields.isOfAnotherType(key)) {
            found.accept(fields.problem(key, " and is ignored (expected: text" + fields.help(key) + ")"));
        }
    }

    private String name(YamlFields metadata) throws BrokenArtifactException {
        String name = metadata.text("name", "a name");
        requireGood(metadata, "name", problem(name));
        return name;
    }

    /** Stored names may be refused in new artifacts; they must still be readable, so that they can be deleted. */
    private @Nullable String problem(String name) {
        return purpose == Purpose.APPLY ? Names.problemOfNew(name) : Names.problem(name);
    }

    private static void requireGood(YamlFields fields, String key, @Nullable String problem)
            throws BrokenArtifactException {
        if (problem != null) {
            throw new BrokenArtifactException(fields.problem(key, " " + problem));
        }
    }
}
