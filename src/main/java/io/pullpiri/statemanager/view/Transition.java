// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pullpiri.statemanager.state.ScenarioState;
import java.util.Objects;

/**
 * One change of one resource's state, with its cause. States are titles, such as {@code Running}.
 *
 * @param from the previous state; empty for the first one
 * @param to the new state; empty if the resource is gone, which ends its history
 * @param atNanos when the change was decided, in nanoseconds since 1970
 * @param generation 1 for the first state of a resource, and one more for each change
 * @param transitionId the id that a requester gave; empty if there was no request
 * @param cause for example {@code container brake_ctl on HPC: exit code 139}
 * @param source {@code node HPC}, the name of a requester, {@code store} or {@code statemanager}
 * @param durationMillis the time spent in the previous state
 * @param anchored whether something referred to the resource; see {@link ResourceEntry#anchored}. If nothing does, it is
 *     removed
 * @param completedNanos when the resource last became completed before this change, in nanoseconds since 1970; 0 if it never
 *     did, and in a record of an older version
 */
@JsonInclude(JsonInclude.Include.NON_DEFAULT)
public record Transition(
        ResourceKind kind,
        String name,
        String from,
        String to,
        long atNanos,
        long generation,
        String transitionId,
        String cause,
        String source,
        long durationMillis,
        boolean anchored,
        long completedNanos)
        implements StoredRecord {

    /** The source of a change that follows from the rules without a report. */
    public static final String BY_STATE_MANAGER = "statemanager";

    /** The source of a change that another component wrote into the store. */
    public static final String BY_STORE = "store";

    private static final String REQUESTED = "requested by ";

    public Transition {
        // A journal record omits empty texts.
        from = Objects.requireNonNullElse(from, "");
        to = Objects.requireNonNullElse(to, "");
        transitionId = Objects.requireNonNullElse(transitionId, "");
        cause = Objects.requireNonNullElse(cause, "");
        source = Objects.requireNonNullElse(source, "");
    }

    /** When the resource last became completed, with this change or before it, in nanoseconds since 1970; 0 if it never did. */
    public long lastCompletedNanos() {
        return to.equals(ScenarioState.COMPLETED.title()) ? atNanos : completedNanos;
    }

    /**
     * Whether it is a note in a package's history: something that happened to the package and did not change its state. It has the
     * generation of the state.
     */
    // [impl->req~off-history~1]
    public boolean isNote() {
        return kind == ResourceKind.PACKAGE && from.equals(to);
    }

    /** The estimated memory in bytes; names and states are shared. */
    public long bytes() {
        return 158L + transitionId.length() + cause.length() + source.length();
    }

    /** The most bytes that it takes in a journal record, where one character takes up to six. */
    public long recordedBytes() {
        return 340 + 6L * (name.length() + transitionId.length() + cause.length() + source.length());
    }

    /**
     * The cause of a change that a caller requested. The stored text is the only mark of a request: {@link #isDerived}
     * recognizes it by its beginning, and the repair after a start depends on that. So the beginning must never change, and no
     * other cause may have it.
     */
    public static String requestedBy(String source) {
        return REQUESTED + source;
    }

    /** Whether the change follows from the rules: it was not requested, and no other component wrote it. */
    public boolean isDerived() {
        return !source.equals(BY_STORE) && !cause.startsWith(REQUESTED);
    }
}
