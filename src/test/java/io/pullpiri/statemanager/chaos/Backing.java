package io.pullpiri.statemanager.chaos;

import io.pullpiri.statemanager.store.StateStore;
import java.util.Map;

/** What a server keeps its states in, and what can happen to that. */
interface Backing extends AutoCloseable {

    /** The server's {@code --store}. */
    String store();

    /** The store itself, past everything that is broken; while no server runs on it. */
    StateStore open();

    /**
     * What can happen to it, by what it is called. Those that kill a process say so in their names.
     *
     * @param requests how it looks from outside
     */
    Map<String, Strike> strikes(Requests requests);

    /**
     * What else is to be said of what has happened, for the end of a sentence.
     *
     * @throws IllegalStateException if something happened without consequence
     */
    String outcome();

    @Override
    void close();

    /** Something that happens, and that is over when this returns. */
    interface Strike {
        void strike() throws Exception;
    }
}
