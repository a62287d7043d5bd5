// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import io.pullpiri.statemanager.state.LogText;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** The fields of a map within an artifact. It reads their values, and makes messages that quote their text and line. */
final class YamlFields {

    private static final int QUOTED = 60;

    /** Null if the map is missing, which has no fields. */
    private final @Nullable MappingNode map;

    /** The prefix of field names in messages: empty, or such as {@code spec.}. */
    private final String path;

    /** The line of the file on which the document's text begins, from 1. */
    private final int firstLine;

    private final List<String> known;

    /** For a missing map, a hint at the field that may be meant; otherwise empty. */
    private final String meant;

    private YamlFields(@Nullable MappingNode map, String path, int firstLine, List<String> known, String meant) {
        this.map = map;
        this.path = path;
        this.firstLine = firstLine;
        this.known = known;
        this.meant = meant;
    }

    /**
     * Returns the fields of a whole document.
     *
     * @param firstLine the line of the file on which the document's text begins, from 1
     * @param known the names of its known fields
     */
    static YamlFields of(Node document, int firstLine, List<String> known) throws BrokenArtifactException {
        if (asMap(document) == null) {
            throw new BrokenArtifactException("is " + quoted(document) + " (expected: a map with kind and metadata)");
        }
        return new YamlFields(asMap(document), "", firstLine, known, "");
    }

    /**
     * Returns the text of a required field.
     *
     * @throws BrokenArtifactException if the field is missing or not text
     */
    String text(String key, String expected) throws BrokenArtifactException {
        Node value = value(key);
        if (value instanceof ScalarNode scalar && isText(value)) {
            return scalar.getValue();
        }
        throw new BrokenArtifactException(problem(key, " (expected: " + expected + ", as text" + help(key) + ")"));
    }

    /** Returns the text of a field; empty if the field is missing or not text. */
    String textOrEmpty(String key) {
        return value(key) instanceof ScalarNode scalar && isText(scalar) ? scalar.getValue() : "";
    }

    /** Returns whether the field is present and is neither text nor null. */
    boolean isOfAnotherType(String key) {
        Node value = value(key);
        return value != null && !value.getTag().equals(Tag.NULL) && !isText(value);
    }

    /** Returns a map within this one; one without fields if it is missing. */
    YamlFields map(String key, List<String> knownThere) throws BrokenArtifactException {
        Node value = value(key);
        if (isNull(value)) {
            return new YamlFields(null, path + key + ".", firstLine, knownThere, help(key));
        }
        MappingNode found = asMap(value);
        if (found == null) {
            throw new BrokenArtifactException(problem(key, " (expected: a map)"));
        }
        return new YamlFields(found, path + key + ".", firstLine, knownThere, "");
    }

    /** Returns the maps of a list; empty if the list is missing. */
    List<YamlFields> maps(String key, List<String> knownThere, String expected, String expectedEach)
            throws BrokenArtifactException {
        Node value = value(key);
        if (isNull(value)) {
            return List.of();
        }
        if (!(value instanceof SequenceNode list)) {
            throw new BrokenArtifactException(problem(key, " (expected: " + expected + ")"));
        }
        List<YamlFields> maps = new ArrayList<>();
        for (Node element : list.getValue()) {
            String field = path + key + "[" + maps.size() + "]";
            MappingNode found = asMap(element);
            if (found == null) {
                throw new BrokenArtifactException(
                        field + ": " + quoted(element) + nature(element) + " (expected: " + expectedEach + ")");
            }
            maps.add(new YamlFields(found, field + ".", firstLine, knownThere, ""));
        }
        return maps;
    }

    /** Returns a message with the field's name, its text in the file, its line, and what is wrong. */
    String problem(String key, String wrong) {
        Node value = value(key);
        return path + key + ": " + quoted(value) + nature(value) + wrong;
    }

    /** Returns what to do about an invalid field, as a text after the expectation; empty if unknown. */
    String help(String key) {
        Node value = value(key);
        if (value instanceof ScalarNode scalar
                && scalar.isPlain()
                && !isText(value)
                && !scalar.getValue().isEmpty()) {
            return ": put it in quotes, \"" + LogText.excerpt(scalar.getValue(), QUOTED) + "\"";
        }
        if (!isNull(value)) {
            return "";
        }
        for (ScalarNode unknown : unknown()) {
            if (SpellingSuggestions.meant(unknown.getValue(), List.of(key)) != null) {
                return "; is it misspelled as '" + LogText.excerpt(unknown.getValue(), QUOTED) + "' on line "
                        + line(unknown) + "?";
            }
        }
        return meant;
    }

    /** Reports each unknown field whose name is similar to that of a known field that is missing. */
    void misspelled(Consumer<String> messages) {
        List<String> absent = known.stream().filter(key -> value(key) == null).toList();
        for (ScalarNode unknown : unknown()) {
            String nearest = SpellingSuggestions.meant(unknown.getValue(), absent);
            if (nearest != null) {
                messages.accept(path + LogText.excerpt(unknown.getValue(), QUOTED) + " on line " + line(unknown)
                        + " is an unknown field and is ignored (did you mean " + nearest + "?)");
            }
        }
    }

    private List<ScalarNode> unknown() {
        List<ScalarNode> keys = new ArrayList<>();
        if (map != null) {
            for (NodeTuple field : map.getValue()) {
                if (field.getKeyNode() instanceof ScalarNode key && isText(key) && !known.contains(key.getValue())) {
                    keys.add(key);
                }
            }
        }
        return keys;
    }

    /** Returns the value of a field; null if the field is missing. */
    private @Nullable Node value(String key) {
        if (map != null) {
            for (NodeTuple field : map.getValue()) {
                if (field.getKeyNode() instanceof ScalarNode name
                        && isText(name)
                        && name.getValue().equals(key)) {
                    return field.getValueNode();
                }
            }
        }
        return null;
    }

    private static @Nullable MappingNode asMap(@Nullable Node node) {
        return node instanceof MappingNode found && found.getTag().equals(Tag.MAP) ? found : null;
    }

    private static boolean isText(Node node) {
        return node instanceof ScalarNode && node.getTag().equals(Tag.STR);
    }

    private static boolean isNull(@Nullable Node node) {
        return node == null || node.getTag().equals(Tag.NULL);
    }

    /** Quotes a value. Collections are only named, because with aliases a short document can have very large ones. */
    private static String quoted(@Nullable Node node) {
        return switch (node) {
            case ScalarNode scalar
            when !isNull(scalar) || !scalar.getValue().isEmpty() ->
                "'" + LogText.excerpt(scalar.getValue(), QUOTED) + "'";
            case MappingNode _ -> "a map";
            case SequenceNode _ -> "a list";
            case null, default -> "missing";
        };
    }

    /** Returns the line of a scalar, and the type that YAML gives it if that is not text. */
    private String nature(@Nullable Node node) {
        if (!(node instanceof ScalarNode scalar)
                || (isNull(scalar) && scalar.getValue().isEmpty())) {
            return "";
        }
        Tag tag = scalar.getTag();
        String type = "";
        if (tag.equals(Tag.INT) || tag.equals(Tag.FLOAT)) {
            type = " is a number";
        } else if (tag.equals(Tag.BOOL)) {
            type = " is a boolean";
        } else if (tag.equals(Tag.NULL)) {
            type = " is null";
        } else if (!tag.equals(Tag.STR)) {
            type = " is " + LogText.excerpt(tag.getValue(), QUOTED);
        }
        return " on line " + line(scalar) + type;
    }

    private int line(Node node) {
        return node.getStartMark().map(Mark::getLine).orElse(0) + firstLine;
    }
}
