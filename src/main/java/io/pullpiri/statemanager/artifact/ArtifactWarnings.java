// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import java.util.ArrayList;
import java.util.List;

/** Collects warnings about artifacts. It keeps the first 20 messages and counts the others, because a text may cause very many. */
public final class ArtifactWarnings {

    private static final int KEPT = 20;

    private final List<String> kept = new ArrayList<>();
    private int others;

    /** Adds a warning. After the first 20, it is only counted. */
    public void add(String message) {
        if (kept.size() < KEPT) {
            kept.add(message);
        } else {
            others++;
        }
    }

    /** Returns the messages that were kept, and a last line that counts the others. */
    public List<String> messages() {
        List<String> messages = new ArrayList<>(kept);
        if (others > 0) {
            messages.add("and " + others + " more warnings");
        }
        return List.copyOf(messages);
    }
}
