package io.pullpiri.statemanager.cascade;

import java.util.ArrayList;
import java.util.List;

/** Collects what is odd about artifacts. It keeps a few messages and counts the others, because a text may have very many. */
final class Warnings {

    private static final int KEPT = 20;

    private final List<String> kept = new ArrayList<>();
    private int others;

    void add(String message) {
        if (kept.size() < KEPT) {
            kept.add(message);
        } else {
            others++;
        }
    }

    List<String> messages() {
        List<String> messages = new ArrayList<>(kept);
        if (others > 0) {
            messages.add("and " + others + " more warnings");
        }
        return List.copyOf(messages);
    }
}
