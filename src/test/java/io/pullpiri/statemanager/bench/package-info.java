// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The benchmarks.
 * <p>Here: what {@code make bench} runs. Not here: tests. Used by: no other package.
 */
@NullMarked
package io.pullpiri.statemanager.bench;

import org.jspecify.annotations.NullMarked;
