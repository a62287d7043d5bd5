package io.pullpiri.statemanager.artifact;

import java.util.ArrayList;
import java.util.List;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.scanner.ScannerImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;
import org.snakeyaml.engine.v2.tokens.Token;

/**
 * Removes byte order marks from YAML. A file that begins with one may be appended to another, so that one may stand before
 * each document; the YAML library accepts one at the beginning of the text only.
 */
// [impl->req~bad-artifact~1]
final class ByteOrderMarks {

    private static final char MARK = '\uFEFF';

    private ByteOrderMarks() {}

    /**
     * Marks at the beginning of one line.
     *
     * @param at where they stood, in characters of the text without marks
     * @param codePoint the same in code points
     */
    private record Run(int at, int codePoint, int count) {}

    /**
     * Removes the marks at the beginning of a line, but not within a scalar: there they are content.
     *
     * @return the text with the same lines
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

    /** The library says where scalars begin and end. Behind text that it cannot read, it does not matter. */
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
            return within; // the parser meets the same fault and reports it
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
