// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Checks the names of packages, models, scenarios, nodes and containers; see docs/specification.md. Pure functions. */
public final class Names {

    private static final int MAX_BYTES = 253;

    private Names() {}

    /**
     * Returns what is wrong with a name; null if it is valid. A valid name has 1 to 253 bytes, no {@code /}, none of
     * {@code < > ? { }} and no control characters. The text continues a message that begins with the field's name.
     */
    // [impl->req~sto-key-rules~1]
    public static @Nullable String problem(String name) {
        String wrong = textProblem(name, MAX_BYTES);
        return wrong == null && name.indexOf('/') >= 0 ? "has '/' (expected: a name without '/')" : wrong;
    }

    /**
     * Returns what is wrong with a new name; null if it is valid. In addition to {@link #problem}, a new name has no invisible
     * character. Stored names, and names that other components give, may have some.
     */
    public static @Nullable String problemOfNew(String name) {
        String wrong = problem(name);
        return wrong == null ? invisible(name) : wrong;
    }

    /** Returns what is wrong with the first invisible character of a name; null if it has none. */
    public static @Nullable String invisible(String name) {
        return name.codePoints()
                .filter(LogText::isInvisible)
                .mapToObj(c -> String.format(
                        Locale.ROOT, "has the invisible character U+%04X (expected: visible ones and plain spaces)", c))
                .findFirst()
                .orElse(null);
    }

    /** Returns what is wrong with a text of up to {@code maxBytes} bytes, such as a key; null if it is valid. Slashes are valid. */
    public static @Nullable String textProblem(String text, int maxBytes) {
        if (text.isBlank()) {
            return "is empty or only spaces (expected: 1.." + maxBytes + " bytes)";
        }
        // A char takes at least one byte, so a very long text is rejected without encoding it.
        if (text.length() > maxBytes) {
            return "has at least " + text.length() + " bytes (expected: 1.." + maxBytes + ")";
        }
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > maxBytes) {
            return "has " + bytes + " bytes (expected: 1.." + maxBytes + ")";
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
