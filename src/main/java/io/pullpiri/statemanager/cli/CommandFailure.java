// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

/** A command failed. The message is for the user. */
public class CommandFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Creates a failure with a message for the user. */
    public CommandFailure(String message) {
        super(message);
    }

    /** The server refused the content of a call. */
    static final class ServerRefusal extends CommandFailure {

        private static final long serialVersionUID = 1L;

        ServerRefusal(String message) {
            super(message);
        }
    }
}
