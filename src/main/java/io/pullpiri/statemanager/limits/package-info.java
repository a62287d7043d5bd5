// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Limits that HTTP and gRPC share.
 * <p>Here: the division of places among client addresses, and bounds on concurrent tasks. Not here: limits of one
 * protocol. Used by: grpc and web.
 */
@NullMarked
package io.pullpiri.statemanager.limits;

import org.jspecify.annotations.NullMarked;
