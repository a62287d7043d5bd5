// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import org.jspecify.annotations.Nullable;

/** The states of a scenario; {@link StateMachine#mayStep} has the allowed steps. */
public enum ScenarioState implements NamedState {
    IDLE,
    WAITING,
    SATISFIED,
    ALLOWED,
    DENIED,
    COMPLETED;

    private static final StateSpelling<ScenarioState> SPELLING = new StateSpelling<>("SCENARIO_STATE_", values());

    private final String title = StateSpelling.title(this);

    @Override
    public String title() {
        return title;
    }

    @Override
    public String protobufName() {
        return SPELLING.protobufName(this);
    }

    /** Reads a state in any case, with or without the prefix {@code SCENARIO_STATE_}; null for any other text. */
    public static @Nullable ScenarioState parse(String text) {
        return SPELLING.parse(text);
    }
}
