// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import java.time.Duration;

/** Runs tasks after a delay. */
@FunctionalInterface
public interface Timer {

    /** Runs the task once, after the delay, on a thread of the timer's choice. Does not block. */
    void after(Duration delay, Runnable task);
}
