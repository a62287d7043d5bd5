// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import java.util.concurrent.Executor;

/**
 * Where a {@link Manager} does its work (see docs/decisions/0008).
 *
 * @param loop runs the rounds of the loop, one at a time and in order
 * @param blocking runs reads of the store, which block
 * @param timer runs what is due at a later time
 */
public record ManagerThreads(Executor loop, Executor blocking, Timer timer) {}
