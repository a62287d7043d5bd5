/**
 * Network addresses as a user writes them.
 * <p>Here: the one parser of host and port. Not here: connections, and addresses of clients. Used by: settings, stores,
 * grpc and cli.
 */
@NullMarked
package io.pullpiri.statemanager.net;

import org.jspecify.annotations.NullMarked;
