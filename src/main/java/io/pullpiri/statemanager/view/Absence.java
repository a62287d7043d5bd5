// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

/** Why a container counts although the last list of its node left it out. */
public enum Absence {

    /** Only empty lists left it out. NodeAgent sends them while podman does not answer. */
    MISSED,

    /** A list that was not empty left it out. */
    LEFT_OUT,

    /** As {@link #LEFT_OUT}, shortly after it ended as NodeAgent ends a container: it was stopped on purpose. */
    STOPPED,

    /** Its grace period is over. It is gone, but it was dead, so it counts as dead. */
    REMOVED
}
