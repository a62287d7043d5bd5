// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * The gRPC services, and the client of ActionController.
 * <p>Here: the translation between messages and commands or views. Not here: decisions. Used by: the server's start
 * only.
 */
@NullMarked
package io.pullpiri.statemanager.grpc;

import org.jspecify.annotations.NullMarked;
