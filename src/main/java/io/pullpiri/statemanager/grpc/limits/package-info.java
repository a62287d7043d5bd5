// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The limits of gRPC calls and connections.
 * <p>Here: the memory and the places of calls and connections. Not here: services. Used by: grpc only.
 */
@NullMarked
package io.pullpiri.statemanager.grpc.limits;

import org.jspecify.annotations.NullMarked;
