package io.pullpiri.statemanager.cascade;

import java.util.List;

/** What whoever sent a command is told, once everything that follows from the command is durable. */
public sealed interface CommandResult {

    /** It is so, durably: now, or already before. */
    record Done(String message) implements CommandResult {}

    /**
     * The artifacts are stored or deleted, durably.
     *
     * @param warnings what the author of the artifacts probably did not mean
     */
    record ArtifactsDone(List<ArtifactOutcome> outcomes, List<String> warnings) implements CommandResult {}

    /** The rules do not allow the step; nothing has changed. */
    record NotAllowed(String reason) implements CommandResult {}

    /** There is no resource of this name; nothing has changed. */
    record NotFound(String reason) implements CommandResult {}

    /** The store or the queue could not take it in time; it is not durable (yet). */
    record NotDurableYet(String reason) implements CommandResult {}

    /** The store refuses it for good, because of its size for instance; nothing has changed. */
    record Rejected(String reason) implements CommandResult {}

    /** There is no memory for what is new in it, which was passed over; what was known already is durable. */
    record ResourceExhausted(String reason) implements CommandResult {}

    /** What became of one artifact. */
    record ArtifactOutcome(String kind, String name, OutcomeKind outcome) {}

    /** What can become of an artifact. */
    enum OutcomeKind {
        CREATED,
        CHANGED,
        UNCHANGED,
        DELETED,
        NOT_FOUND,
        /** A kind that StateManager has no part in. */
        PASSED_OVER
    }
}
