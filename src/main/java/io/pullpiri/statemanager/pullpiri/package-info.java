// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Connects StateManager to Pullpiri's own services, other than by gRPC services of its own.
 * <p>Here: log lines for LogService; the client and the mirror of Pullpiri's key-value store. Not here: rules, the client of
 * ActionController. Used by: the server's start.
 */
@NullMarked
package io.pullpiri.statemanager.pullpiri;

import org.jspecify.annotations.NullMarked;
