package io.pullpiri.statemanager.state;

/** Makes texts of any origin safe to show in a log line or a terminal. Pure functions. */
public final class LogText {

    private LogText() {}

    /**
     * A text of any origin, with {@code \\u{200B}} in place of each character that could break a line of a log, steer a
     * terminal, hide, or change the direction of the text around it.
     */
    public static String printable(String text) {
        return isPrintable(text) ? text : escaped(text, Integer.MAX_VALUE);
    }

    /** Whether {@link #printable} leaves the text as it is. */
    public static boolean isPrintable(CharSequence text) {
        return text.codePoints().noneMatch(LogText::isUnprintable);
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
    static boolean isInvisible(int c) {
        return switch (Character.getType(c)) {
            case Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            case Character.SPACE_SEPARATOR -> c != ' ';
            default -> false;
        };
    }
}
