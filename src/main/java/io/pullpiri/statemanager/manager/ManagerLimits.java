// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import java.time.Duration;
import java.util.function.IntToLongFunction;

/**
 * The limits of a {@link Manager}. The byte counts are estimates of memory.
 *
 * @param commitTimeout how long a commit may take, and the longest time that a caller waits
 * @param queue how many commands may wait
 * @param queueBytes how much memory the waiting commands may take together
 * @param feedBytes how much memory the events that the change feed keeps may take
 * @param backoffMillis how long the store is left alone after a number of failures in a row, which is at least one
 */
public record ManagerLimits(
        Duration commitTimeout, int queue, long queueBytes, long feedBytes, IntToLongFunction backoffMillis) {}
