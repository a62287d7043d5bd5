// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes and reads the names of an enum's states. It reads any case, with or without the protobuf prefix. */
// [impl->req~sto-values~1]
final class StateSpelling<S extends Enum<S>> {

    private final String prefix;
    private final Map<String, S> byUpperCase = new HashMap<>();

    /** @param prefix as in protobuf, e.g. {@code MODEL_STATE_} */
    StateSpelling(String prefix, S[] states) {
        this.prefix = prefix;
        for (S state : states) {
            byUpperCase.put(state.name(), state);
            byUpperCase.put(prefix + state.name(), state);
        }
    }

    /** Reads a state; null for any other text. */
    @Nullable
    S parse(String text) {
        return byUpperCase.get(text.toUpperCase(Locale.ROOT));
    }

    String protobufName(S state) {
        return prefix + state.name();
    }

    /** The title of a state: {@code Running}. */
    static String title(Enum<?> state) {
        String name = state.name();
        return name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT);
    }
}
