package io.pullpiri.statemanager.artifact;

import io.pullpiri.statemanager.state.Names;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads artifacts from YAML. Fields that StateManager has no part in are passed over. */
public final class ArtifactParser {

    /** A line that begins with {@code ---} is a document marker wherever it stands (YAML 1.2, 9.1.2). */
    private static final Pattern DOCUMENT_START = Pattern.compile("(?m)^(?=---(?:\\s|$))");

    private ArtifactParser() {}

    /** Makes an artifact of a document's fields and its text. */
    private interface Reader {

        Artifact read(Map<?, ?> fields, String yaml) throws BrokenArtifactException;
    }

    /**
     * Reads an operator's file: several documents, empty ones skipped.
     *
     * @throws BrokenArtifactException naming the first document that is broken
     */
    public static List<Artifact> parseAll(String yaml) throws BrokenArtifactException {
        return documents(yaml, ArtifactParser::artifact);
    }

    /**
     * Reads only what the documents are called, so that broken ones can be named too; the rest of each artifact is empty.
     *
     * @throws BrokenArtifactException naming the first document that has no kind or name
     */
    public static List<Artifact> parseNames(String yaml) throws BrokenArtifactException {
        return documents(yaml, ArtifactParser::named);
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
                throw new BrokenArtifactException(name + ": stands there twice (expected: once)");
            }
        }
        return artifacts;
    }

    private static List<Artifact> documents(String yaml, Reader reader) throws BrokenArtifactException {
        if (yaml.length() > Yaml.MAX_CHARACTERS) {
            throw new BrokenArtifactException(
                    "has " + yaml.length() + " characters (expected: at most " + Yaml.MAX_CHARACTERS + ")");
        }
        List<Artifact> artifacts = new ArrayList<>();
        for (String document : DOCUMENT_START.split(yaml, -1)) {
            String text = withoutMarker(document);
            try {
                Object value = Yaml.parse(text);
                if (value != null) {
                    artifacts.add(reader.read(fields(value), text));
                }
            } catch (BrokenArtifactException e) {
                throw new BrokenArtifactException("document " + (artifacts.size() + 1) + ": " + e.reason());
            }
        }
        return artifacts;
    }

    /**
     * Reads one stored value: exactly one document.
     *
     * @throws BrokenArtifactException if it is none, or broken
     */
    public static Artifact parse(String yaml) throws BrokenArtifactException {
        Object value = Yaml.parse(yaml);
        if (value == null) {
            throw new BrokenArtifactException("is empty (expected: one YAML document)");
        }
        return artifact(fields(value), yaml);
    }

    private static String withoutMarker(String document) {
        return document.startsWith("---\n") ? document.substring("---\n".length()) : document;
    }

    private static Map<?, ?> fields(Object document) throws BrokenArtifactException {
        if (document instanceof Map<?, ?> fields) {
            return fields;
        }
        throw new BrokenArtifactException("is " + shown(document) + " (expected: a map with kind and metadata)");
    }

    private static Artifact artifact(Map<?, ?> fields, String yaml) throws BrokenArtifactException {
        return switch (named(fields, yaml)) {
            case ScenarioArtifact named -> scenario(named.name(), map(fields, "spec", "spec"), yaml);
            case PackageArtifact named -> new PackageArtifact(named.name(), models(map(fields, "spec", "spec")), yaml);
            case ModelArtifact named -> named;
            case OtherArtifact other -> other;
        };
    }

    private static Artifact named(Map<?, ?> fields, String yaml) throws BrokenArtifactException {
        String kind = text(fields, "kind", "kind", "a kind, such as Package");
        checkName("kind", kind);
        Map<?, ?> metadata = map(fields, "metadata", "metadata");
        return switch (kind) {
            case ScenarioArtifact.KIND -> new ScenarioArtifact(name(metadata), "", "", yaml);
            case PackageArtifact.KIND -> new PackageArtifact(name(metadata), List.of(), yaml);
            case ModelArtifact.KIND -> new ModelArtifact(name(metadata), yaml);
            default -> new OtherArtifact(kind, metadata.get("name") instanceof String name ? name : "", yaml);
        };
    }

    private static ScenarioArtifact scenario(String name, Map<?, ?> spec, String yaml) throws BrokenArtifactException {
        String action = spec.get("action") instanceof String word ? word : "";
        String target = text(spec, "target", "spec.target", "a package's name");
        checkName("spec.target", target);
        return new ScenarioArtifact(name, action, target, yaml);
    }

    private static List<PackageArtifact.ModelRef> models(Map<?, ?> spec) throws BrokenArtifactException {
        Object list = spec.get("models");
        if (list == null) {
            return List.of();
        }
        if (!(list instanceof List<?> elements)) {
            throw new BrokenArtifactException("spec.models: " + shown(list) + " (expected: a list of models)");
        }
        Map<String, PackageArtifact.ModelRef> models = new LinkedHashMap<>();
        int index = 0;
        for (Object element : elements) {
            String field = "spec.models[" + index++ + "]";
            if (!(element instanceof Map<?, ?> model)) {
                throw new BrokenArtifactException(field + ": " + shown(element) + " (expected: a map with a name)");
            }
            String name = text(model, "name", field + ".name", "a model's name");
            checkName(field + ".name", name);
            String node = model.get("node") instanceof String word ? word : "";
            models.putIfAbsent(name, new PackageArtifact.ModelRef(name, node));
        }
        return List.copyOf(models.values());
    }

    private static String name(Map<?, ?> metadata) throws BrokenArtifactException {
        String name = text(metadata, "name", "metadata.name", "a name");
        checkName("metadata.name", name);
        return name;
    }

    private static void checkName(String field, String name) throws BrokenArtifactException {
        String problem = Names.problem(name);
        if (problem != null) {
            throw new BrokenArtifactException(field + ": " + shown(name) + " " + problem);
        }
    }

    private static String text(Map<?, ?> fields, String key, String field, String expected)
            throws BrokenArtifactException {
        Object value = fields.get(key);
        if (value instanceof String text) {
            return text;
        }
        throw new BrokenArtifactException(field + ": " + shown(value) + " (expected: " + expected + ", as text)");
    }

    private static Map<?, ?> map(Map<?, ?> fields, String key, String field) throws BrokenArtifactException {
        Object value = fields.get(key);
        if (value == null) {
            return Map.of();
        }
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new BrokenArtifactException(field + ": " + shown(value) + " (expected: a map)");
    }

    /** Collections are not spelled out: with aliases, a short document can say more than fits into memory. */
    private static String shown(@Nullable Object value) {
        return switch (value) {
            case null -> "missing";
            case Map<?, ?> _ -> "a map";
            case Collection<?> _ -> "a list";
            default -> "'" + Names.excerpt(value.toString(), 60) + "'";
        };
    }
}
