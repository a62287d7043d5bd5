/**
 * Network addresses as a user writes them, and ports to listen on.
 * <p>Here: the one parser of host and port, and opening a port that may be in use. Not here: connections, and addresses of
 * clients. Used by: settings, stores, grpc, web and cli.
 */
@NullMarked
package io.pullpiri.statemanager.net;

import org.jspecify.annotations.NullMarked;
