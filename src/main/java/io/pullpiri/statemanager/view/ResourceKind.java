package io.pullpiri.statemanager.view;

import java.util.Locale;

/** The kinds of resources that have a state. */
public enum ResourceKind {
    SCENARIO,
    PACKAGE,
    MODEL,
    /** Has no state: its changes say only that it was forgotten. */
    NODE;

    /** As one says it in a message: {@code package}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
