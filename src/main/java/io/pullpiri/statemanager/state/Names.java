package io.pullpiri.statemanager.state;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the names of packages, models, scenarios, nodes and containers may look like (spec, "In etcd"). */
public final class Names {

    private static final int MAX_BYTES = 253;

    private Names() {}

    /**
     * What is wrong with a name, in words that follow the name of a field; null if nothing is: 1 to 253 bytes, no
     * {@code /}, none of {@code < > ? { }}, no control characters.
     */
    // [impl->req~sto-key-rules~1]
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
                .filter(LogText::isInvisible)
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
