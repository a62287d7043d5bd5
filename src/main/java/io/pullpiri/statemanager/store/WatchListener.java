// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import java.util.List;

/**
 * Gets the events of a watch, one call at a time, on a thread of the store. It must not block. If it throws, its watch is
 * lost.
 */
public interface WatchListener {

    /** Gets changes in the order of their revisions. All changes of one revision under one prefix come in the same call. */
    void onEvents(List<WatchEvent> events);

    /** The watch has ended: the caller takes a new snapshot, and watches from there. Called at most once. */
    void onLost(String reason);
}
