// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Everything known at one commit, as immutable values.
 * <p>Here: the view, its entries, and the records and keys as which they are stored. Not here: code that decides a change,
 * or that reads the store; {@code ArchitectureTest} checks it. Used by: cascade, manager, grpc, web and cli.
 */
@NullMarked
package io.pullpiri.statemanager.view;

import org.jspecify.annotations.NullMarked;
