// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The states, the rules that derive them, and the rules for names.
 * <p>Here: pure functions in plain Java. Not here: anything that stores, logs or communicates. Used by: all packages.
 *
 * <p>{@code PackageState}, {@code ModelState} and {@code ScenarioState} also exist in {@code statemanager.proto}. The wire fixes
 * those names; only the grpc package uses them.
 */
@NullMarked
package io.pullpiri.statemanager.state;

import org.jspecify.annotations.NullMarked;
