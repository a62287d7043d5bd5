// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import org.jspecify.annotations.Nullable;

/** The states of a model; {@link StateMachine#modelState} derives them from containers. */
public enum ModelState implements NamedState {
    /** The first state, and that of a model without containers. */
    CREATED,
    /** Every container is paused. */
    PAUSED,
    /** Every container is exited. */
    EXITED,
    /** At least one container is dead. */
    DEAD,
    /** The default: none of the conditions above holds. */
    RUNNING;

    private static final StateSpelling<ModelState> SPELLING = new StateSpelling<>("MODEL_STATE_", values());

    private final String title = StateSpelling.title(this);

    @Override
    public String title() {
        return title;
    }

    @Override
    public String protobufName() {
        return SPELLING.protobufName(this);
    }

    /** Reads a state in any case, with or without the prefix {@code MODEL_STATE_}; null for any other text. */
    public static @Nullable ModelState parse(String text) {
        return SPELLING.parse(text);
    }
}
