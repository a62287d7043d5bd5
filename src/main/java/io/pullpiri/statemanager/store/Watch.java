// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

/** A watch that is open. */
public interface Watch extends AutoCloseable {

    /** Ends the watch. After this returns, no call of the listener starts; one that has started may still run. */
    @Override
    void close();
}
