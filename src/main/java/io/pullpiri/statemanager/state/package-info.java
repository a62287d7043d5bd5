/**
 * The states, the rules that derive them, and the rules for names.
 * <p>Here: pure functions in plain Java. Not here: anything that stores, logs or communicates. Used by: all packages.
 */
@NullMarked
package io.pullpiri.statemanager.state;

import org.jspecify.annotations.NullMarked;
