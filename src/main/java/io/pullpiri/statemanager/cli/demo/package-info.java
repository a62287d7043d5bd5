// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The demo: a server, two simulated nodes and a simulated ActionController in one process.
 * <p>Here: the script, the vehicle and the picture in the terminal. Not here: commands for real servers. Used by: cli
 * only.
 */
@NullMarked
package io.pullpiri.statemanager.cli.demo;

import org.jspecify.annotations.NullMarked;
