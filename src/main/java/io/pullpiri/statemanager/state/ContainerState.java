package io.pullpiri.statemanager.state;

/** The states of a container, from the facts that podman gives. */
public enum ContainerState {
    CREATED,
    INITIALIZED,
    RUNNING,
    PAUSED,
    EXITED,
    /** Exited with a code that is no clean stop, killed for memory, or called dead by podman. */
    DEAD,
    /** Nothing is known, so nothing is concluded from it. */
    UNKNOWN;

    private final String title = StateSpelling.title(this);

    /** {@code Running} */
    public String title() {
        return title;
    }
}
