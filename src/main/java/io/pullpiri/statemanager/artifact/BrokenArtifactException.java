// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

/** An artifact is broken. The message names the document, the field, the value, and what was expected. */
public final class BrokenArtifactException extends Exception {

    private static final long serialVersionUID = 1L;

    private final String reason;

    /** Creates the exception with a message that names the field and its line. */
    public BrokenArtifactException(String message) {
        super(message);
        this.reason = message;
    }

    /** Returns the message, which is never null. */
    public String reason() {
        return reason;
    }
}
