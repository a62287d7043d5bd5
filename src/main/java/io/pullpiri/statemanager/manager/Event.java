package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.view.Transition;

/** Something that followers hear of. */
public sealed interface Event {

    /** The place behind it. Only changes have places of their own; the others stand behind the last change. */
    EventId id();

    /** About how much memory it takes. */
    default long bytes() {
        return switch (this) {
            case Changed changed -> 50 + changed.change.bytes();
            case Recovery recovery ->
                150L + recovery.packageName.length() + recovery.scenario.length() + recovery.detail.length();
            case Fault fault -> 100L + fault.detail.length();
        };
    }

    /** A resource's state has changed, durably. */
    record Changed(EventId id, Transition change) implements Event {}

    /**
     * A step in bringing a dead package back.
     *
     * @param atNanos when, nanoseconds since 1970
     * @param scenario that ActionController was asked for; empty where all are meant
     */
    record Recovery(EventId id, long atNanos, RecoveryStep step, String packageName, String scenario, String detail)
            implements Event {

        /** How far it has come. */
        public enum RecoveryStep {
            REQUESTED,
            ACKNOWLEDGED,
            FAILED,
            RECOVERED
        }
    }

    /** A component has reported a fault, which changes no state. */
    record Fault(EventId id, long atNanos, String detail) implements Event {}
}
