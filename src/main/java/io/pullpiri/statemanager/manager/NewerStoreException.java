// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

/** The store has a newer format than this build can read. The reason says what an operator can do. */
final class NewerStoreException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String reason;

    NewerStoreException(String reason) {
        super(reason);
        this.reason = reason;
    }

    String reason() {
        return reason;
    }
}
