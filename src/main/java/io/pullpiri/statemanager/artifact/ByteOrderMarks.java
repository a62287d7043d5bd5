// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import java.util.ArrayList;
import java.util.List;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.scanner.ScannerImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;
import org.snakeyaml.engine.v2.tokens.Token;

/**
 * Removes byte order marks from YAML. In concatenated files a mark can come before each document, but the YAML library accepts
 * one only at the beginning of the text.
 */
// [impl->req~bad-artifact~1]
final class ByteOrderMarks {

    private static final char MARK = '\uFEFF';

    private ByteOrderMarks() {}

    /**
     * The marks at the beginning of one line.
     *
     * @param at their position, in characters of the text without marks
     * @param codePoint their position in code points
     */
    private record Run(int at, int codePoint, int count) {}

    /**
     * Removes the marks at the beginning of lines, except within a scalar, where they are content.
     *
     * @return the text, with its lines unchanged
     */
    static String remove(LoadSettings settings, String text) {
        if (text.indexOf(MARK) < 0) {
            return text;
        }
        StringBuilder without = new StringBuilder(text.length());
        List<Run> runs = new ArrayList<>();
        int codePoint = 0;
        int at = 0;
        while (at < text.length()) {
            int count = 0;
            while (at + count < text.length() && isLineStart(without) && text.charAt(at + count) == MARK) {
                count++;
            }
            if (count > 0 && !without.isEmpty()) {
                runs.add(new Run(without.length(), codePoint, count));
            }
            at += count;
            if (at < text.length()) {
                char c = text.charAt(at++);
                without.append(c);
                boolean secondHalf = Character.isLowSurrogate(c)
                        && without.length() > 1
                        && Character.isHighSurrogate(without.charAt(without.length() - 2));
                codePoint += secondHalf ? 0 : 1;
            }
        }
        return putBack(without.toString(), withinScalars(settings, without.toString(), runs));
    }

    private static boolean isLineStart(StringBuilder text) {
        return text.isEmpty() || text.charAt(text.length() - 1) == '\n' || text.charAt(text.length() - 1) == '\r';
    }

    /** Returns the marks within scalars, whose bounds the library gives. After text that it cannot read, there are none. */
    private static List<Run> withinScalars(LoadSettings settings, String text, List<Run> runs) {
        List<Run> within = new ArrayList<>();
        if (runs.isEmpty()) {
            return within;
        }
        try {
            ScannerImpl scanner = new ScannerImpl(settings, new StreamReader(settings, text));
            int next = 0;
            while (scanner.hasNext() && next < runs.size()) {
                Token token = scanner.next();
                if (token.getTokenId() != Token.ID.Scalar) {
                    continue;
                }
                int start = token.getStartMark().map(Mark::getIndex).orElse(0);
                int end = token.getEndMark().map(Mark::getIndex).orElse(0);
                while (next < runs.size() && runs.get(next).codePoint() <= start) {
                    next++;
                }
                while (next < runs.size() && runs.get(next).codePoint() < end) {
                    within.add(runs.get(next++));
                }
            }
        } catch (RuntimeException e) {
            return within; // the parser finds the same error and reports it
        }
        return within;
    }

    private static String putBack(String text, List<Run> runs) {
        if (runs.isEmpty()) {
            return text;
        }
        StringBuilder all = new StringBuilder(text);
        for (Run run : runs.reversed()) {
            all.insert(run.at(), String.valueOf(MARK).repeat(run.count()));
        }
        return all.toString();
    }
}
