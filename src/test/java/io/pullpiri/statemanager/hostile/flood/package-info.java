// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The flood: attackers beside well-behaved clients, measured.
 * <p>Used by: hostile only.
 */
@NullMarked
package io.pullpiri.statemanager.hostile.flood;

import org.jspecify.annotations.NullMarked;
