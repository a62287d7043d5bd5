// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

/**
 * The record {@code /statemanager/reconcile/{package}}. It exists exactly as long as the package is dead, and makes the
 * reconciler ask ActionController.
 *
 * @param name of the package
 * @param state in which the package counts as dead: {@code Error}
 * @param sinceNanos when the package died, in nanoseconds since 1970
 */
public record ReconcileRecord(String name, String state, long sinceNanos, String cause) implements StoredRecord {}
