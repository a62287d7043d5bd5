/**
 * What is known at one commit, as immutable values.
 * <p>Here: the view, its entries, and the records and keys they are stored as. Not here: anything that decides a
 * change. Used by: cascade, manager, grpc, web and the command line.
 */
@NullMarked
package io.pullpiri.statemanager.view;

import org.jspecify.annotations.NullMarked;
