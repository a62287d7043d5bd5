package io.pullpiri.statemanager.cascade;

import java.util.List;

/** What whoever sent a command is told, once everything that follows from the command is durable. */
public sealed interface Answer {

    /** It is so, durably: now, or already before. */
    record Done(String message) implements Answer {}

    /**
     * The artifacts are stored or deleted, durably.
     *
     * @param warnings what the author of the artifacts probably did not mean
     */
    record ArtifactsDone(List<ArtifactOutcome> outcomes, List<String> warnings) implements Answer {}

    /** The rules do not allow the step; nothing has changed. */
    record NotAllowed(String reason) implements Answer {}

    /** There is no resource of this name; nothing has changed. */
    record NotFound(String reason) implements Answer {}

    /** The store or the queue could not take it in time; it is not durable (yet). */
    record Unavailable(String reason) implements Answer {}

    /** The store refuses it for good, because of its size for instance; nothing has changed. */
    record Impossible(String reason) implements Answer {}

    /** There is no memory for what is new in it, which was passed over; what was known already is durable. */
    record TooMuch(String reason) implements Answer {}

    /** What became of one artifact. */
    record ArtifactOutcome(String kind, String name, Outcome outcome) {}

    /** What can become of an artifact. */
    enum Outcome {
        CREATED,
        CHANGED,
        UNCHANGED,
        DELETED,
        NOT_FOUND,
        /** A kind that StateManager has no part in. */
        PASSED_OVER
    }
}
