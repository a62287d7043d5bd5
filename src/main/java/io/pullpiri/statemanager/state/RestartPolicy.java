// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

/** When NodeAgent starts an ended container again, as the Model artifact says in {@code spec.restartPolicy}. */
public enum RestartPolicy {
    ALWAYS,
    ON_FAILURE,
    NEVER;

    /** Reads a policy; anything else, or nothing, is {@link #ON_FAILURE}, as for Pullpiri. */
    public static RestartPolicy parse(Object text) {
        return text.equals("Always") ? ALWAYS : text.equals("Never") ? NEVER : ON_FAILURE;
    }

    /** Whether NodeAgent starts a container again that ended with an exit code. */
    public boolean restarts(boolean exitCodeIsZero) {
        return switch (this) {
            case ALWAYS -> true;
            case ON_FAILURE -> !exitCodeIsZero;
            case NEVER -> false;
        };
    }
}
