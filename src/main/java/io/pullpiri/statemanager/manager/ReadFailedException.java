// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.store.StoreUnavailableException;

/** A reader needs data from the store, which cannot be read now. The message says why. */
public final class ReadFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    ReadFailedException(StoreUnavailableException cause) {
        super("the store cannot be read: " + cause.getMessage(), cause);
    }
}
