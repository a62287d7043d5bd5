// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.view.Transition;

/** An event that change readers get. */
public sealed interface Event {

    /** The id after which a reader continues. Only changes have ids of their own; other events have that of the last change. */
    EventId id();

    /** Returns an estimate of the memory that the event takes. */
    default long bytes() {
        return switch (this) {
            case Changed changed -> 50 + changed.change.bytes();
            case Recovery recovery ->
                150L + recovery.packageName.length() + recovery.scenario.length() + recovery.detail.length();
            case Fault fault -> 100L + fault.detail.length();
        };
    }

    /** A resource's state changed, and the change is durable. */
    record Changed(EventId id, Transition change) implements Event {}

    /**
     * A step in the recovery of a dead package.
     *
     * @param atNanos when it happened, in nanoseconds since 1970
     * @param scenario the scenario of the reconcile request; empty for {@link RecoveryStep#RECOVERED}, which concerns all
     */
    record Recovery(EventId id, long atNanos, RecoveryStep step, String packageName, String scenario, String detail)
            implements Event {

        /** The kinds of steps. */
        public enum RecoveryStep {
            REQUESTED,
            ACKNOWLEDGED,
            FAILED,
            /** The dead models of the package were restarted in place as often as they may be. */
            GIVEN_UP,
            RECOVERED
        }
    }

    /** A component reported a fault, which changes no state. */
    record Fault(EventId id, long atNanos, String detail) implements Event {}
}
