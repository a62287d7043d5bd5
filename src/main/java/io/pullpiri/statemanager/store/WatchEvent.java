package io.pullpiri.statemanager.store;

import org.jspecify.annotations.Nullable;

/**
 * A key as the store had it at a revision.
 *
 * @param value the value, or null for a key that is not (any more) in the store
 * @param revision the commit that wrote or deleted it; for a key that was read and not found, the revision of the read
 */
public record WatchEvent(String key, @Nullable String value, long revision) {}
