/**
 * The decision: from a view and a batch of commands to transactions, results and the next view.
 * <p>Here: pure functions of a view, commands and a time. Not here: threads, clocks, stores. Used by: manager; its
 * commands and results also by grpc and web.
 */
@NullMarked
package io.pullpiri.statemanager.cascade;

import org.jspecify.annotations.NullMarked;
