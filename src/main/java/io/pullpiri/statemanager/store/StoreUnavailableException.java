// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

/** The store cannot be used: it cannot be reached, refuses, is closed, or did not answer within the deadline. */
public final class StoreUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Creates the exception with a message for the operator and its cause. */
    public StoreUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Creates the exception with a message for the operator. */
    public StoreUnavailableException(String message) {
        super(message);
    }
}
