/**
 * What StateManager gives to Pullpiri's own services, other than gRPC calls.
 * <p>Here: log lines for LogService. Not here: gRPC clients, rules. Used by: the server's start.
 */
@NullMarked
package io.pullpiri.statemanager.pullpiri;

import org.jspecify.annotations.NullMarked;
