package io.pullpiri.statemanager.state;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the names of packages, models, scenarios, nodes and containers may look like (spec, "In etcd"). */
public final class Names {

    private static final int MAX_BYTES = 253;

    private Names() {}

    /**
     * A text of whatever origin, with {@code \\u{200B}} in place of each character that could break a line of a log, steer a
     * terminal, hide, or change the direction of the text around it.
     */
    public static String printable(String text) {
        return isPrintable(text) ? text : escaped(text, Integer.MAX_VALUE);
    }

    /** Whether {@link #printable} leaves the text as it is. */
    public static boolean isPrintable(CharSequence text) {
        return text.codePoints().noneMatch(Names::isUnprintable);
    }

    /** The beginning of a text, printable, with … where it was cut: to be quoted within a line of ours. */
    public static String excerpt(String text, int most) {
        return text.length() <= most && isPrintable(text) ? text : escaped(text, most);
    }

    private static String escaped(String text, int most) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            String next = isUnprintable(c) ? "\\u{%X}".formatted(c) : Character.toString(c);
            if (out.length() + next.length() > most) {
                return out.append('…').toString();
            }
            out.append(next);
            i += Character.charCount(c);
        }
        return out.toString();
    }

    private static boolean isUnprintable(int c) {
        int type = Character.getType(c);
        return type == Character.CONTROL || type == Character.SURROGATE || isInvisible(c);
    }

    /** Unicode's formats, lines, paragraphs and spaces (Cf, Zl, Zp, Zs) but the plain space. */
    private static boolean isInvisible(int c) {
        return switch (Character.getType(c)) {
            case Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            case Character.SPACE_SEPARATOR -> c != ' ';
            default -> false;
        };
    }

    /**
     * What is wrong with a name, in words that follow the name of a field; null if nothing is: 1 to 253 bytes, no
     * {@code /}, none of {@code < > ? { }}, no control characters.
     */
    public static @Nullable String problem(String name) {
        String wrong = textProblem(name, MAX_BYTES);
        return wrong == null && name.indexOf('/') >= 0 ? "has '/' (expected: a name without '/')" : wrong;
    }

    /**
     * What is wrong with a name that is new: as {@link #problem}, and it has no character that hides or that changes the
     * direction of text. Names from before that rule, and those that other components give, may have some.
     */
    public static @Nullable String problemOfNew(String name) {
        String wrong = problem(name);
        return wrong == null ? invisible(name) : wrong;
    }

    /** What is wrong with a name that has invisible characters; null if it has none. */
    public static @Nullable String invisible(String name) {
        return name.codePoints()
                .filter(Names::isInvisible)
                .mapToObj(c -> String.format(
                        Locale.ROOT, "has the invisible character U+%04X (expected: visible ones and plain spaces)", c))
                .findFirst()
                .orElse(null);
    }

    /** The same as {@link #problem} for a text that may have slashes and another length, such as a key. */
    public static @Nullable String textProblem(String text, int maxBytes) {
        if (text.isBlank()) {
            return "is empty (expected: 1.." + maxBytes + " bytes)";
        }
        // A char is at least one byte: a giant is refused before it is encoded.
        int bytes = text.length() > maxBytes ? text.length() : text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > maxBytes) {
            return "has " + bytes + " bytes or more (expected: 1.." + maxBytes + ")";
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isISOControl(c)) {
                return String.format(Locale.ROOT, "has the control character U+%04X (expected: none)", (int) c);
            }
            if ("<>?{}".indexOf(c) >= 0) {
                return "has '" + c + "' (expected: none of < > ? { })";
            }
            if (Character.isSurrogate(c)) {
                if (i + 1 == text.length() || !Character.isSurrogatePair(c, text.charAt(i + 1))) {
                    return "is not valid Unicode (expected: UTF-8)";
                }
                i++;
            }
        }
        return null;
    }
}
