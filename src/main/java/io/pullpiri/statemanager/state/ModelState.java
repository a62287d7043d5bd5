package io.pullpiri.statemanager.state;

import org.jspecify.annotations.Nullable;

/** The states of a model. */
public enum ModelState implements NamedState {
    /** The model's first state; also a model with no containers yet. */
    CREATED,
    /** Every container is paused. */
    PAUSED,
    /** Every container is exited. */
    EXITED,
    /** At least one container is dead. */
    DEAD,
    /** None of the conditions above holds (the default). */
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

    /** Reads any case, with or without the prefix {@code MODEL_STATE_}; null for what is none of these states. */
    public static @Nullable ModelState parse(String text) {
        return SPELLING.parse(text);
    }
}
