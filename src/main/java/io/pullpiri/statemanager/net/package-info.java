// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Network addresses as a user writes them, ports to listen on, and datagrams to Unix sockets.
 * <p>Here: the one parser of host and port, opening a port that may be in use, and what Java's own sockets cannot. Not here:
 * connections, and addresses of clients. Used by: settings, stores, pullpiri, grpc, web, cli and the root.
 */
@NullMarked
package io.pullpiri.statemanager.net;

import org.jspecify.annotations.NullMarked;
