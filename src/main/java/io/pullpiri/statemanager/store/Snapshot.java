// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import java.util.List;

/** Keys of the store at one revision, ordered by creation. A watch from {@code revision + 1} on continues the snapshot. */
public record Snapshot(long revision, List<KeyValue> entries) {

    public Snapshot {
        entries = List.copyOf(entries);
    }
}
