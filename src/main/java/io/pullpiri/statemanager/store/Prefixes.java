// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import java.util.List;

/** Works with sets of key prefixes, for the implementations of {@link StateStore}. */
public final class Prefixes {

    private Prefixes() {}

    /** Removes prefixes that another one covers, so that no key is read twice. */
    public static List<String> disjoint(List<String> prefixes) {
        return prefixes.stream()
                .distinct()
                .filter(prefix ->
                        prefixes.stream().noneMatch(other -> !other.equals(prefix) && prefix.startsWith(other)))
                .toList();
    }

    /** Returns whether the key starts with one of the prefixes. */
    public static boolean cover(List<String> prefixes, String key) {
        return prefixes.stream().anyMatch(key::startsWith);
    }
}
