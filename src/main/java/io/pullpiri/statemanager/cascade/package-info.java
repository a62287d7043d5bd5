// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The decision: from a view and a batch of commands to transactions, results and the next view.
 *
 * <p>Here: pure functions of a view, commands and a time. {@link io.pullpiri.statemanager.cascade.Cascade} dispatches commands to
 * handlers. The handlers change a {@code ViewBuilder}, and change states only through {@code StatePropagation}.
 * {@code TransactionPlanner} makes transactions of the changes. {@code CascadeStructureTest} limits the number of classes and
 * the length of their dependency chains. When a new class exceeds a limit, put it into another package, or raise the limit
 * and give the reason in that test.
 *
 * <p>Not here: threads, clocks, stores. Used by: manager; its commands and results also by grpc and web, its rules by settings.
 */
@NullMarked
package io.pullpiri.statemanager.cascade;

import org.jspecify.annotations.NullMarked;
