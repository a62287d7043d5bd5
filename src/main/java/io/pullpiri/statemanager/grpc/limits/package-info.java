/**
 * The limits of gRPC calls and connections.
 * <p>Here: memory, concurrency and places of calls. Not here: services. Used by: grpc only.
 */
@NullMarked
package io.pullpiri.statemanager.grpc.limits;

import org.jspecify.annotations.NullMarked;
