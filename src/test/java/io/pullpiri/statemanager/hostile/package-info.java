// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Tests with hostile input and hostile clients, and the fuzz targets.
 * <p>Used by: no other package.
 */
@NullMarked
package io.pullpiri.statemanager.hostile;

import org.jspecify.annotations.NullMarked;
