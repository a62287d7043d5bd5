package io.pullpiri.statemanager.web;

import java.util.concurrent.atomic.AtomicLong;

/** The memory that requests take until they are answered, with one bound for all. For the HTTP thread; anyone may ask. */
final class RequestMemory {

    private final long limit;
    private final AtomicLong used = new AtomicLong();

    /** @param limit in bytes */
    RequestMemory(long limit) {
        this.limit = limit;
    }

    boolean hasRoomFor(long bytes) {
        return used.get() + bytes <= limit;
    }

    /** @param bytes negative to give some back */
    void add(long bytes) {
        used.addAndGet(bytes);
    }

    /** In bytes. */
    long used() {
        return used.get();
    }
}
