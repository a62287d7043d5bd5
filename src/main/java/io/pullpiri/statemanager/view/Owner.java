// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import org.jspecify.annotations.Nullable;

/**
 * The record {@code /statemanager/owner}: the server that writes to the store. Each start writes its own record, so the newest
 * start owns the store. A server that sees another server's record stops writing; see docs/decisions/0014.
 *
 * @param id unique for each start
 * @param host name of the machine
 * @param pid process id on that machine
 * @param since when the server started, ISO 8601 in UTC
 */
public record Owner(String id, String host, long pid, String since) implements StoredRecord {

    /** The record as it is stored. */
    public String text() {
        return RecordCodec.text(this);
    }

    /** Describes the owner that a stored record names, for an operator. */
    public static String description(String text) {
        @Nullable Owner owner = RecordCodec.parse(text, Owner.class);
        return owner == null
                ? "another StateManager (its record cannot be read)"
                : "another StateManager (host %s, process %d, since %s)".formatted(owner.host, owner.pid, owner.since);
    }
}
