package io.pullpiri.statemanager.store;

import java.util.List;

/** What the store held at one revision, in the order of creation. A watch from {@code revision + 1} continues it. */
public record Snapshot(long revision, List<KeyValue> entries) {

    public Snapshot {
        entries = List.copyOf(entries);
    }
}
