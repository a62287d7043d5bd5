// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import io.pullpiri.statemanager.store.StateStore;
import java.util.Map;

/** The store of a server under test, and the faults that it can have. */
interface Backing extends AutoCloseable {

    /** Returns the server's {@code --store}. */
    String store();

    /** Opens the store without faults in between, while no server runs on it. */
    StateStore open();

    /**
     * Returns the faults by name. The names of those that kill a process say so.
     *
     * @param requests the load, whose progress shows the effect of a fault
     */
    Map<String, Strike> strikes(Requests requests);

    /**
     * Returns facts about the faults so far, as the end of a sentence.
     *
     * @throws IllegalStateException if a fault had no effect
     */
    String outcome();

    @Override
    void close();

    /** A fault, which is over when this returns. */
    interface Strike {
        void strike() throws Exception;
    }
}
