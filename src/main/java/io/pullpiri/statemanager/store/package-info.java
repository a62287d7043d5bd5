// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The store: keys, transactions, snapshots and watches.
 * <p>Here: the interface that all stores implement, and its values. Not here: the meaning of a value. Used by: view,
 * cascade, manager, the stores, the server's start and cli.
 */
@NullMarked
package io.pullpiri.statemanager.store;

import org.jspecify.annotations.NullMarked;
