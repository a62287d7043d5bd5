// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

/** The states of a container, derived from podman's facts; see {@link StateMachine#containerState}. */
public enum ContainerState {
    CREATED,
    INITIALIZED,
    RUNNING,
    PAUSED,
    EXITED,
    /** Exited with a code that is not clean, killed for memory, or dead according to podman. */
    DEAD,
    /** Podman's facts cannot be interpreted. The model rule leaves such a container out. */
    UNKNOWN;

    private final String title = StateSpelling.title(this);

    /** The name for people and for JSON: {@code Running}. */
    public String title() {
        return title;
    }
}
