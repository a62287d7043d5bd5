// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import org.jspecify.annotations.Nullable;

/**
 * The value of a key at a revision.
 *
 * @param value null if the key is not in the store
 * @param revision the revision that wrote or deleted the key; for a key that was read and not found, the revision of the read
 */
public record WatchEvent(String key, @Nullable String value, long revision) {}
