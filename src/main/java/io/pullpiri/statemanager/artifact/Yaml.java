// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import io.pullpiri.statemanager.state.LogText;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.constructor.StandardConstructor;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlVersionException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.Parser;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/** Parses YAML of unknown origin within limits: on size, nesting, aliases and duplicate keys. */
// [impl->req~bad-artifact~1]
public final class Yaml {

    public static final int MAX_CHARACTERS = 1 << 20;

    private static final int MAX_DEPTH = 50;
    private static final int MAX_ALIASES = 50;

    /** How many characters of the library's message are quoted; it may contain text of the document. */
    private static final int QUOTED = 200;

    private static final LoadSettings SETTINGS = LoadSettings.builder()
            .setSchema(new CoreSchema())
            .setAllowDuplicateKeys(false)
            .setAllowRecursiveKeys(false)
            .setAllowNonScalarKeys(false)
            .setMaxAliasesForCollections(MAX_ALIASES)
            .setCodePointLimit(MAX_CHARACTERS)
            .build();

    private Yaml() {}

    /**
     * Parses one document.
     *
     * @return maps, lists, text, numbers and booleans; null for an empty document
     * @throws BrokenArtifactException if the text is not valid YAML or exceeds a limit; no other exception is thrown
     */
    public static @Nullable Object parse(String text) throws BrokenArtifactException {
        String clean = ByteOrderMarks.remove(SETTINGS, requireSize(text));
        return reading(1, () -> construct(compose(clean)));
    }

    /**
     * Parses one document into nodes, which keep the text of the file and the lines.
     *
     * @param firstLine the line of the file on which the text begins, from 1, for messages
     * @return null for an empty document
     * @throws BrokenArtifactException as for {@link #parse}
     */
    static @Nullable Node node(String text, int firstLine) throws BrokenArtifactException {
        String clean = ByteOrderMarks.remove(SETTINGS, requireSize(text));
        return reading(firstLine, () -> {
            Optional<Node> node = compose(clean);
            // This finds errors in fields that are not read, such as a duplicate key.
            return construct(node) == null ? null : node.orElse(null);
        });
    }

    private static Optional<Node> compose(String text) {
        return new Composer(SETTINGS, parser(text)).getSingleNode();
    }

    private static @Nullable Object construct(Optional<Node> node) {
        return new StandardConstructor(SETTINGS).constructSingleDocument(node);
    }

    /** Returns the parser of a text that may have several documents. Its exceptions are those that {@link #reading} catches. */
    static Parser parser(String text) {
        return new Guard(new ParserImpl(SETTINGS, new StreamReader(SETTINGS, text)));
    }

    static String withoutByteOrderMarks(String text) {
        return ByteOrderMarks.remove(SETTINGS, text);
    }

    static String requireSize(String text) throws BrokenArtifactException {
        if (text.length() > MAX_CHARACTERS) {
            throw new BrokenArtifactException(
                    "has " + text.length() + " characters (expected: at most " + MAX_CHARACTERS + ")");
        }
        return text;
    }

    /**
     * Calls the library, and converts its exceptions.
     *
     * @param firstLine the line of the file on which the text begins, from 1
     * @throws BrokenArtifactException if the call throws any exception
     */
    static <T extends @Nullable Object> T reading(int firstLine, Supplier<T> call) throws BrokenArtifactException {
        try {
            return call.get();
        } catch (MarkedYamlEngineException e) {
            String where = e.getProblemMark()
                    .map(mark -> "line " + (mark.getLine() + firstLine) + ", column " + (mark.getColumn() + 1) + ": ")
                    .orElse("");
            throw new BrokenArtifactException(
                    "invalid YAML: " + where + LogText.excerpt(e.getProblem(), QUOTED) + hint(e));
        } catch (YamlVersionException e) {
            throw new BrokenArtifactException(
                    "invalid YAML: the directive %YAML " + e.getSpecVersion().getMajor() + "."
                            + e.getSpecVersion().getMinor() + " (expected: %YAML 1.1 or %YAML 1.2)");
        } catch (YamlEngineException e) {
            throw new BrokenArtifactException("invalid YAML: " + firstLine(e.getMessage()));
        } catch (RuntimeException e) {
            // For some inputs the library throws others: ClassCastException, IndexOutOfBoundsException.
            throw new BrokenArtifactException("invalid YAML: " + firstLine(e.toString()));
        }
    }

    /** Returns what to write instead, where the library's message does not say it; empty if unknown. */
    private static String hint(MarkedYamlEngineException e) {
        String problem = e.getProblem();
        if (problem.contains("before directives")) {
            return " (expected: a line '...' before a directive)";
        }
        return problem.startsWith("expected '<document start>'") ? " (expected: a line '---' before a document)" : "";
    }

    private static String firstLine(@Nullable String message) {
        return message == null
                ? ""
                : LogText.excerpt(message.lines().findFirst().orElse(""), QUOTED);
    }

    /**
     * Refuses deep nesting and the merge key {@code <<}. The library builds nodes by recursion, so deep nesting would exhaust the
     * stack. It also merges {@code <<}, which YAML 1.2 does not have, and never ends for a map that is merged into itself.
     */
    private static final class Guard implements Parser {

        private final Parser parser;
        private int depth;

        Guard(Parser parser) {
            this.parser = parser;
        }

        @Override
        public boolean checkEvent(Event.ID choice) {
            return parser.checkEvent(choice);
        }

        @Override
        public Event peekEvent() {
            return parser.peekEvent();
        }

        @Override
        public boolean hasNext() {
            return parser.hasNext();
        }

        @Override
        public Event next() {
            Event event = parser.next();
            switch (event.getEventId()) {
                case MappingStart, SequenceStart -> {
                    if (++depth > MAX_DEPTH) {
                        throw new YamlEngineException("nested too deep (expected: at most " + MAX_DEPTH + " levels)");
                    }
                }
                case MappingEnd, SequenceEnd -> depth--;
                case Scalar -> refuseMerge((ScalarEvent) event);
                default -> {}
            }
            return event;
        }

        private static void refuseMerge(ScalarEvent scalar) {
            boolean tagged =
                    scalar.getTag().filter(Tag.MERGE.getValue()::equals).isPresent();
            if (tagged || (scalar.isPlain() && scalar.getValue().equals("<<"))) {
                throw new YamlEngineException("the merge key << (expected: none; YAML 1.2 has no merging)");
            }
        }
    }
}
