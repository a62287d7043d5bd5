package io.pullpiri.statemanager.store;

import java.util.List;

/**
 * Told by a watch, one call at a time, on a thread of the store's; must not block. A listener that throws has lost its
 * watch.
 */
public interface WatchListener {

    /** Changes in the order of their revisions; all changes of one revision under one prefix come in the same call. */
    void onEvents(List<WatchEvent> events);

    /** The watch has ended and will say nothing more: take a new snapshot and watch from there. Called at most once. */
    void onLost(String reason);
}
