// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The loop: it takes commands, has them decided, commits, answers and publishes.
 * <p>Here: the queue, commits, the change feed, reconcile requests, metrics. Not here: rules of states and protocols.
 * Used by: grpc, web and the server's start.
 */
@NullMarked
package io.pullpiri.statemanager.manager;

import org.jspecify.annotations.NullMarked;
