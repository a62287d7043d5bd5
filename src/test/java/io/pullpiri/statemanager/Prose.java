// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Splits Markdown into sentences. Code blocks and drawings have none; a cell of a table is a text of its own. */
final class Prose {

    private static final Pattern FENCE = Pattern.compile("\\s*```.*");
    private static final Pattern CODE_LINE = Pattern.compile(" {4,}.*|\t.*");
    private static final Pattern TABLE_ROW = Pattern.compile("\\|.*\\|\\s*");
    private static final Pattern CELL_BORDER = Pattern.compile("(?<!\\\\)\\|");
    private static final Pattern NEW_TEXT = Pattern.compile("#+ .*|\\s*([-*+]|\\d+\\.) .*|>.*");
    private static final Pattern CODE_SPAN = Pattern.compile("`[^`]*`");
    private static final Pattern LINK = Pattern.compile("!?\\[([^\\]]*)]\\([^)]*\\)");
    private static final Pattern MARKER = Pattern.compile("^\\s*(#+|[-+*]|\\d+\\.|>) |\\*\\*|(?<!\\w)[*_]|[*_](?!\\w)");
    /** It ends with a mark before a space; an abbreviation does not end it. */
    private static final Pattern SENTENCE = Pattern.compile("\\S.*?([.!?][)\"']?(?<!e\\.g\\.|i\\.e\\.)(?=\\s)|$)");

    private static final Pattern SPACE = Pattern.compile("\\s+");

    /**
     * One sentence.
     *
     * @param line the line on which it begins, from 1
     * @param text without Markdown's marks; a code span is one word, {@code X}
     */
    record Sentence(int line, String text) {

        long length() {
            return SPACE.splitAsStream(text)
                    .filter(word -> word.chars().anyMatch(Character::isLetterOrDigit))
                    .count();
        }
    }

    private final List<Sentence> sentences = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    /** From an offset in the text to its line. */
    private final NavigableMap<Integer, Integer> lines = new TreeMap<>();

    private Prose() {}

    static List<Sentence> sentences(String markdown) {
        Prose prose = new Prose();
        boolean fenced = false;
        int number = 0;
        for (String line : markdown.lines().toList()) {
            number++;
            if (FENCE.matcher(line).matches()) {
                fenced = !fenced;
                prose.end();
            } else if (!fenced) {
                prose.line(number, line);
            }
        }
        prose.end();
        return prose.sentences;
    }

    private void line(int number, String line) {
        if (line.isBlank() || (text.isEmpty() && CODE_LINE.matcher(line).matches())) {
            end();
        } else if (TABLE_ROW.matcher(line).matches()) {
            end();
            Stream.of(CELL_BORDER.split(line)).forEach(cell -> {
                add(number, cell);
                end();
            });
        } else {
            if (NEW_TEXT.matcher(line).matches()) {
                end();
            }
            add(number, line);
            if (line.startsWith("#")) {
                end();
            }
        }
    }

    private void add(int number, String line) {
        lines.put(text.length(), number);
        String plain = LINK.matcher(CODE_SPAN.matcher(line).replaceAll("X")).replaceAll("$1");
        text.append(MARKER.matcher(plain).replaceAll("").strip()).append(' ');
    }

    private void end() {
        String all = text.toString();
        Matcher sentence = SENTENCE.matcher(all);
        while (sentence.find()) {
            sentences.add(new Sentence(
                    lines.floorEntry(sentence.start()).getValue(),
                    sentence.group().strip()));
        }
        text.setLength(0);
        lines.clear();
    }
}
