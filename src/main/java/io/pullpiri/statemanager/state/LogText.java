// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

/** Makes untrusted texts safe for log lines and terminals. Pure functions. */
public final class LogText {

    private LogText() {}

    /**
     * Escapes each character that could break a log line, control a terminal, be invisible, or change the direction of the
     * text around it. An escape has the form {@code \\u{200B}}.
     */
    public static String printable(String text) {
        return isPrintable(text) ? text : escaped(text, Integer.MAX_VALUE);
    }

    /** Returns whether {@link #printable} leaves the text as it is. */
    public static boolean isPrintable(CharSequence text) {
        return text.codePoints().noneMatch(LogText::isUnprintable);
    }

    /** Returns the printable form of a text, cut to {@code most} characters and a … where it is longer. */
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

    /** Returns whether a character is invisible: Unicode's categories Cf, Zl, Zp and Zs without the plain space. */
    static boolean isInvisible(int c) {
        return switch (Character.getType(c)) {
            case Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            case Character.SPACE_SEPARATOR -> c != ' ';
            default -> false;
        };
    }
}
