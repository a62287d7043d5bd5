package io.pullpiri.statemanager.view;

/**
 * Stands in the store for as long as a package is dead: ActionController is to reconcile it.
 *
 * @param sinceNanos when the package died, nanoseconds since 1970
 */
public record ReconcileRecord(String name, String state, long sinceNanos, String cause) {}
