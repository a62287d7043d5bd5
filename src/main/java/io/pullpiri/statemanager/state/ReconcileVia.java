// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

/** The setting {@code reconcile.via}: which calls to ActionController bring a dead package back. */
public enum ReconcileVia {
    /** Reconcile first. After a refusal, dead models are restarted in place until the package recovers. */
    AUTO,
    /** Only Reconcile. */
    RECONCILE,
    /** Dead models are restarted in place at once. */
    OFFLOAD
}
