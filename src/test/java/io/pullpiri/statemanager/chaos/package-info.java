// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Tests in which processes are killed, frozen and disconnected.
 * <p>Used by: no other package.
 */
@NullMarked
package io.pullpiri.statemanager.chaos;

import org.jspecify.annotations.NullMarked;
