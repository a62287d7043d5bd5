// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.state.ScenarioState;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Turns a state change request into a command, or names its invalid field. See docs/wire.md. */
// [impl->req~wire-state-change~1]
final class StateChanges {

    /** The longest transition id and source, which the history stores. A name has the same limit. */
    private static final int MAX_CHARACTERS = 253;

    private StateChanges() {}

    /** The result of reading a request. */
    sealed interface ParsedRequest {

        /** The request is valid. */
        record Good(Command command) implements ParsedRequest {}

        /** A field of the request is invalid. */
        record Invalid(String details) implements ParsedRequest {}

        /** The request is well-formed, but no such state change exists. */
        record DisallowedRequest(String details) implements ParsedRequest {}
    }

    /** Reads a request. It never fails. */
    static ParsedRequest read(StateChange change) {
        String problem = firstProblem(change);
        if (problem != null) {
            return new ParsedRequest.Invalid(problem);
        }
        return switch (change.getResourceType()) {
            case RESOURCE_TYPE_MODEL -> model(change);
            case RESOURCE_TYPE_SCENARIO -> scenario(change);
            case RESOURCE_TYPE_PACKAGE ->
                new ParsedRequest.DisallowedRequest("package " + change.getResourceName()
                        + ": a package's state comes from its models and cannot be set");
            case RESOURCE_TYPE_VOLUME, RESOURCE_TYPE_NETWORK, RESOURCE_TYPE_NODE ->
                new ParsedRequest.Invalid("resource_type: " + change.getResourceType()
                        + " is not managed (expected: RESOURCE_TYPE_SCENARIO or RESOURCE_TYPE_MODEL)");
            case RESOURCE_TYPE_UNSPECIFIED, UNRECOGNIZED ->
                new ParsedRequest.Invalid("resource_type: " + change.getResourceTypeValue()
                        + " (expected: RESOURCE_TYPE_SCENARIO or RESOURCE_TYPE_MODEL)");
        };
    }

    // [impl->req~bad-request~1]
    private static @Nullable String firstProblem(StateChange change) {
        String name = Names.problemOfNew(change.getResourceName());
        if (name != null) {
            return Calls.invalidName("resource_name", change.getResourceName(), name);
        }
        if (change.getTargetState().isBlank()) {
            return "target_state: is empty or only spaces (expected: a state)";
        }
        if (change.getTransitionId().isBlank()) {
            return "transition_id: is empty or only spaces (expected: an id that a retry repeats)";
        }
        if (change.getSource().isBlank()) {
            return "source: is empty or only spaces (expected: the name of the requesting component)";
        }
        if (change.getTransitionId().length() > MAX_CHARACTERS) {
            return tooLong("transition_id", change.getTransitionId());
        }
        if (change.getSource().length() > MAX_CHARACTERS) {
            return tooLong("source", change.getSource());
        }
        if (change.getTimestampNs() <= 0) {
            return "timestamp_ns: " + change.getTimestampNs() + " (expected: nanoseconds since 1970, more than 0)";
        }
        return null;
    }

    private static String tooLong(String field, String text) {
        return field + ": has " + text.length() + " characters (expected: 1.." + MAX_CHARACTERS + ")";
    }

    private static ParsedRequest model(StateChange change) {
        ModelState target = ModelState.parse(change.getTargetState());
        return target == null
                ? unknown("target_state", change.getTargetState(), ModelState.values())
                : new ParsedRequest.Good(new Command.ModelChange(
                        change.getResourceName(), target, change.getTransitionId(), source(change)));
    }

    private static ParsedRequest scenario(StateChange change) {
        ScenarioState target = ScenarioState.parse(change.getTargetState());
        if (target == null) {
            return unknown("target_state", change.getTargetState(), ScenarioState.values());
        }
        String given = change.getCurrentState();
        ScenarioState current = ScenarioState.parse(given);
        if (current == null && !given.isEmpty()) {
            return unknown("current_state", given, ScenarioState.values());
        }
        return new ParsedRequest.Good(new Command.ScenarioChange(
                change.getResourceName(),
                current,
                target,
                change.getTransitionId(),
                change.getTimestampNs(),
                source(change)));
    }

    /** Returns the source with its control characters escaped. It becomes part of causes, which logs and terminals show. */
    private static String source(StateChange change) {
        return LogText.printable(change.getSource());
    }

    private static ParsedRequest unknown(String field, String value, Enum<?>[] states) {
        String known = Arrays.stream(states).map(Enum::name).collect(Collectors.joining(", "));
        return new ParsedRequest.Invalid(field + ": '" + Calls.shown(value) + "' (expected: one of " + known + ")");
    }
}
