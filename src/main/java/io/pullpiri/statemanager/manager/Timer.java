package io.pullpiri.statemanager.manager;

import java.time.Duration;

/** Runs things later. */
@FunctionalInterface
public interface Timer {

    void after(Duration delay, Runnable task);
}
