package io.pullpiri.statemanager.view;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Objects;

/**
 * One change of one resource's state, with its cause in words an operator can act on. States are written as the seed
 * writes them ({@code Running}).
 *
 * @param from the former state, empty for a resource's first
 * @param to the new state, empty when the resource is gone: its history ends here
 * @param atNanos when it was decided, nanoseconds since 1970
 * @param generation 1 for a resource's first state, growing by one at each change
 * @param transitionId the requester's, empty if nobody asked
 * @param cause why, e.g. {@code container brake_ctl on HPC: exit code 139}
 * @param source who brought it about: {@code node HPC}, a requester's name, {@code store}, {@code statemanager}
 * @param durationMillis the time spent in {@code from}
 * @param anchored whether an artifact or a container stood behind the resource then: without both it is gone
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
        boolean anchored) {

    public Transition {
        // A journal record leaves out what is empty.
        from = Objects.requireNonNullElse(from, "");
        to = Objects.requireNonNullElse(to, "");
        transitionId = Objects.requireNonNullElse(transitionId, "");
        cause = Objects.requireNonNullElse(cause, "");
        source = Objects.requireNonNullElse(source, "");
    }

    /** About how much memory it takes; names and states are shared. */
    public long bytes() {
        return 150L + transitionId.length() + cause.length() + source.length();
    }

    private static final String REQUESTED = "requested by ";

    /** The cause of what somebody has asked for. */
    public static String requestedBy(String source) {
        return REQUESTED + source;
    }

    /** Whether it follows from the rules, and is neither what somebody asked for nor what another component wrote. */
    public boolean isDerived() {
        return !source.equals(BY_STORE) && !cause.startsWith(REQUESTED);
    }

    /** The source of what follows from the rules and from nobody's word. */
    public static final String BY_STATE_MANAGER = "statemanager";

    /** The source of what another component wrote into the store. */
    public static final String BY_STORE = "store";
}
