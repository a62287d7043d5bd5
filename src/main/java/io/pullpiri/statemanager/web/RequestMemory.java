// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory of all HTTP requests that are not answered yet, with one limit. The HTTP thread changes it; any thread may read it.
 * Unlike a {@link io.pullpiri.statemanager.limits.ConcurrencyLimiter}, it counts bytes, and full memory is freed by closing the
 * largest request ({@link HttpConnections#makeRoom}).
 */
final class RequestMemory {

    private final long limit;
    private final AtomicLong used = new AtomicLong();

    /** @param limit the limit in bytes */
    RequestMemory(long limit) {
        this.limit = limit;
    }

    /** Returns whether this many more bytes stay within the limit. */
    boolean hasRoomFor(long bytes) {
        return used.get() + bytes <= limit;
    }

    /** Adds bytes without a check; negative bytes are returned. */
    void add(long bytes) {
        used.addAndGet(bytes);
    }

    /** Returns the bytes in use. */
    long used() {
        return used.get();
    }
}
