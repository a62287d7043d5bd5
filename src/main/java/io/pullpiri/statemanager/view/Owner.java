package io.pullpiri.statemanager.view;

import org.jspecify.annotations.Nullable;

/**
 * {@code /statemanager/owner}: the server that writes to a store. Every start puts its own record there, so the newest start
 * owns the store; the server of an earlier record stops writing when it sees another one.
 *
 * @param id unique for each start
 * @param host name of the machine
 * @param pid process id on that machine
 * @param since when the server started, ISO 8601 in UTC
 */
public record Owner(String id, String host, long pid, String since) {

    /** As it is stored. */
    public String text() {
        return RecordCodec.text(this);
    }

    /** Who a stored record says that the owner is, for an operator. */
    public static String description(String text) {
        @Nullable Owner owner = RecordCodec.parse(text, Owner.class);
        return owner == null
                ? "another StateManager (its record cannot be read)"
                : "another StateManager (host %s, process %d, since %s)".formatted(owner.host, owner.pid, owner.since);
    }
}
