package io.pullpiri.statemanager.store;

/** A watch under way. */
public interface Watch extends AutoCloseable {

    /** Ends the watch; the listener is not called any more once this has returned, except for a call under way. */
    @Override
    void close();
}
