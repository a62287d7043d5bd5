// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The command line.
 * <p>Here: one class for each command, the client's connection to a server, and the output. Not here: anything that the
 * server needs. Used by: cli.demo.
 */
@NullMarked
package io.pullpiri.statemanager.cli;

import org.jspecify.annotations.NullMarked;
