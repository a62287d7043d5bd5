// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The simulation: manager, cascade and reconciler with a simulated clock, store and peers.
 * <p>Used by: no other package.
 */
@NullMarked
package io.pullpiri.statemanager.simulation;

import org.jspecify.annotations.NullMarked;
