package io.pullpiri.statemanager.artifact;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds the word that was probably meant. */
final class SpellingSuggestions {

    /** Letters that are missing, superfluous, wrong, or swapped with their neighbour. */
    private static final int MOST_LETTERS = 2;

    /** A shorter word is two letters away from too many others. */
    private static final int SHORTEST = 3;

    private SpellingSuggestions() {}

    /**
     * The nearest of the known words that differs from the given one by two letters at most, by a plural, or by upper and
     * lower case; null if there is none.
     */
    static @Nullable String meant(String given, Collection<String> known) {
        String nearest = null;
        int least = MOST_LETTERS + 1;
        for (String word : known) {
            int distance = distance(given.toLowerCase(Locale.ROOT), word.toLowerCase(Locale.ROOT));
            if (distance < least) {
                nearest = word;
                least = distance;
            }
        }
        return nearest;
    }

    private static int distance(String a, String b) {
        if (singular(a).equals(singular(b))) {
            return a.equals(b) ? 0 : 1;
        }
        return a.length() < SHORTEST || Math.abs(a.length() - b.length()) > MOST_LETTERS
                ? MOST_LETTERS + 1
                : edits(a, b);
    }

    private static String singular(String word) {
        if (word.endsWith("ies")) {
            return word.substring(0, word.length() - "ies".length()) + "y";
        }
        return word.endsWith("s") ? word.substring(0, word.length() - 1) : word;
    }

    /** How many letters must be inserted, removed, replaced, or swapped with their neighbour. */
    private static int edits(String a, String b) {
        int[][] edits = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    edits[i][j] = i + j;
                    continue;
                }
                int replaced = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                int least = Math.min(edits[i - 1][j] + 1, edits[i][j - 1] + 1);
                least = Math.min(least, edits[i - 1][j - 1] + replaced);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                edits[i][j] = swapped ? Math.min(least, edits[i - 2][j - 2] + 1) : least;
            }
        }
        return edits[a.length()][b.length()];
    }
}
