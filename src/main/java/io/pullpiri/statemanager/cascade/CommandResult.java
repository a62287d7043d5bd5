// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import java.util.List;

/** The result of a command for its caller. It is given once all changes of the command are durable. */
public sealed interface CommandResult {

    /** The requested state is durable. The command may have changed nothing. */
    record Done(String message) implements CommandResult {}

    /**
     * The artifacts are stored or deleted durably.
     *
     * @param outcomes one for each artifact
     * @param warnings probable mistakes in the artifacts
     */
    record ArtifactsDone(List<ArtifactOutcome> outcomes, List<String> warnings) implements CommandResult {}

    /** The rules do not allow the request. Nothing has changed. */
    record NotAllowed(String reason) implements CommandResult {}

    /** There is no resource of this name. Nothing has changed. */
    record NotFound(String reason) implements CommandResult {}

    /** The store or the queue did not accept the command in time. It may become durable later. */
    record NotDurableYet(String reason) implements CommandResult {}

    /** The store can never accept the command, for instance because of its size. Nothing has changed. */
    record Rejected(String reason) implements CommandResult {}

    /** There is no memory for what is new in the command, which was ignored. Its changes of known resources are durable. */
    record ResourceExhausted(String reason) implements CommandResult {}

    /** The outcome for one artifact. */
    record ArtifactOutcome(String kind, String name, OutcomeKind outcome) {}

    /** The outcomes for an artifact. */
    enum OutcomeKind {
        CREATED,
        CHANGED,
        UNCHANGED,
        DELETED,
        NOT_FOUND,
        /** StateManager does not use artifacts of this kind. */
        PASSED_OVER
    }
}
