// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.parser.Parser;

/**
 * The documents of a text, as the YAML library splits it.
 *
 * @param failure why the text after the last document cannot be parsed; null if the whole text can
 */
record YamlStream(List<Document> documents, @Nullable BrokenArtifactException failure) {

    private static final String MARKER = "---\n";

    /**
     * A document.
     *
     * @param text with its directives; without the line {@code ---} at its beginning
     * @param firstLine the line of the file on which the text begins, from 1
     */
    record Document(String text, int firstLine) {}

    /**
     * Splits a text. A document begins with its first directive or its marker {@code ---}, and ends where the next begins:
     * comments between two documents belong to the first of them. Byte order marks are removed.
     *
     * @throws BrokenArtifactException if the text is too long
     */
    static YamlStream split(String text) throws BrokenArtifactException {
        String clean = Yaml.withoutByteOrderMarks(Yaml.requireSize(text));
        List<DocumentStartEvent> starts = new ArrayList<>();
        BrokenArtifactException failure = null;
        try {
            Yaml.reading(1, () -> readStarts(clean, starts));
        } catch (BrokenArtifactException e) {
            failure = e;
        }
        List<Document> documents = new ArrayList<>();
        int at = 0;
        int codePoint = 0;
        int line = 0;
        for (int i = 0; i < starts.size(); i++) {
            // Only the first document can be without a marker; it begins at the beginning of the text.
            Mark mark =
                    starts.get(i).isExplicit() ? starts.get(i).getStartMark().orElseThrow() : null;
            int next = mark == null ? 0 : clean.offsetByCodePoints(at, mark.getIndex() - codePoint);
            if (i > 0) {
                documents.add(document(clean.substring(at, next), line + 1));
            }
            at = next;
            codePoint = mark == null ? 0 : mark.getIndex();
            line = mark == null ? 0 : mark.getLine();
        }
        if (failure == null && !starts.isEmpty()) {
            documents.add(document(clean.substring(at), line + 1));
        }
        return new YamlStream(documents, failure);
    }

    private static @Nullable Object readStarts(String text, List<DocumentStartEvent> starts) {
        Parser parser = Yaml.parser(text);
        while (parser.hasNext()) {
            Event event = parser.next();
            if (event instanceof DocumentStartEvent start) {
                starts.add(start);
            }
        }
        return null;
    }

    private static Document document(String text, int line) {
        return text.startsWith(MARKER)
                ? new Document(text.substring(MARKER.length()), line + 1)
                : new Document(text, line);
    }
}
