// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds the known name that a misspelled one probably means. */
final class SpellingSuggestions {

    /** How many letters may be missing, superfluous, wrong, or swapped with their neighbor. */
    private static final int MOST_LETTERS = 2;

    /** Shorter names get no suggestion, because two letters change too much of them. */
    private static final int SHORTEST = 3;

    private SpellingSuggestions() {}

    /**
     * Returns the known name that is nearest to the given one; null if none is near. A near name differs by at most two letters, by
     * a plural, or by upper and lower case.
     */
    static @Nullable String meant(String given, Collection<String> known) {
        String nearest = null;
        int least = MOST_LETTERS + 1;
        for (String name : known) {
            int distance = distance(given.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT));
            if (distance < least) {
                nearest = name;
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

    private static String singular(String name) {
        if (name.endsWith("ies")) {
            return name.substring(0, name.length() - "ies".length()) + "y";
        }
        return name.endsWith("s") ? name.substring(0, name.length() - 1) : name;
    }

    /** Returns how many letters must be inserted, removed, replaced, or swapped with their neighbor. */
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
