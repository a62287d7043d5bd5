// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The server, put together from its parts, with its log and its traces.
 * <p>Here: what starts or connects parts of several packages. Not here: rules, storage or protocols. Used by: the
 * command line and tests.
 */
@NullMarked
package io.pullpiri.statemanager;

import org.jspecify.annotations.NullMarked;
