// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.pullpiri.proto.statemanager.EventType;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.Severity;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.manager.EventId;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.TrackedState;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Turns events of the change feed into gRPC messages. */
final class EventMessages {

    private final StateNames names;

    EventMessages(StateNames names) {
        this.names = names;
    }

    /** Returns the message of an event. */
    StateChangeEvent message(Event event) {
        return switch (event) {
            case Event.Changed changed -> changed(changed.id(), changed.change());
            case Event.Recovery recovery ->
                StateChangeEvent.newBuilder()
                        .setEventType(
                                switch (recovery.step()) {
                                    case REQUESTED, ACKNOWLEDGED -> EventType.EVENT_TYPE_RECOVERY_START;
                                    case FAILED, GIVEN_UP -> EventType.EVENT_TYPE_RECOVERY_FAILED;
                                    case RECOVERED -> EventType.EVENT_TYPE_RECOVERY_COMPLETE;
                                })
                        .setSeverity(
                                recovery.step() == Event.Recovery.RecoveryStep.FAILED
                                        ? Severity.SEVERITY_WARNING
                                        : Severity.SEVERITY_INFO)
                        .setEventTimestampNs(recovery.atNanos())
                        .setEventId(recovery.id().toString())
                        .setDescription(recovery.detail())
                        .putMetadata("step", recovery.step().name().toLowerCase(Locale.ROOT))
                        .putMetadata("package", recovery.packageName())
                        .putMetadata("scenario", recovery.scenario())
                        .build();
            case Event.Fault fault ->
                StateChangeEvent.newBuilder()
                        .setEventType(EventType.EVENT_TYPE_WARNING)
                        .setSeverity(Severity.SEVERITY_WARNING)
                        .setEventTimestampNs(fault.atNanos())
                        .setEventId(fault.id().toString())
                        .setDescription(fault.detail())
                        .build();
        };
    }

    private StateChangeEvent changed(EventId id, Transition change) {
        StateChangeEvent.Builder event = StateChangeEvent.newBuilder()
                .setEventType(EventType.EVENT_TYPE_STATE_CHANGE)
                .setStateChange(StateChange.newBuilder()
                        .setResourceType(type(change.kind()))
                        .setResourceName(change.name())
                        .setCurrentState(names.of(change.kind(), change.from()))
                        .setTargetState(names.of(change.kind(), change.to()))
                        .setTransitionId(change.transitionId())
                        .setTimestampNs(change.atNanos())
                        .setSource(change.source()))
                .setEventTimestampNs(change.atNanos())
                .setEventId(id.toString())
                .setSeverity(severity(change.kind(), change.to()))
                .setDescription(change.cause())
                .putMetadata("generation", Long.toString(change.generation()))
                .putMetadata("duration_ms", Long.toString(change.durationMillis()));
        if (change.to().isEmpty()) {
            event.putMetadata("removed", "true");
        }
        return event.build();
    }

    /**
     * Returns the snapshot for a new subscriber: the resources of one kind that have a state, in the order of their names. The
     * stream makes each message on demand. No message has an id, because a subscriber cannot continue inside a snapshot.
     *
     * @param name the name of the only resource; empty for all
     */
    Stream<StateChangeEvent> snapshot(View view, ResourceKind kind, String name) {
        Stream<? extends ResourceEntry<?>> wanted =
                name.isEmpty() ? view.resources(kind).values().stream() : Stream.ofNullable(view.resource(kind, name));
        return wanted.filter(entry -> entry.state().value() != null).map(entry -> snapshot(entry, view.causeOf(entry)));
    }

    private StateChangeEvent snapshot(ResourceEntry<?> entry, String cause) {
        ResourceKind kind = entry.kind();
        TrackedState<?> state = entry.state();
        String current = names.of(kind, NamedState.titleOf(entry.state().value()));
        StateChange.Builder change = StateChange.newBuilder()
                .setResourceType(type(kind))
                .setResourceName(entry.name())
                .setTargetState(current);
        StateChangeEvent.Builder event = StateChangeEvent.newBuilder()
                .setEventType(EventType.EVENT_TYPE_STATE_CHANGE)
                .setSeverity(severity(kind, current))
                .setDescription(cause)
                .putMetadata("snapshot", "true")
                .putMetadata("generation", Long.toString(state.history().generation()));
        Transition latest = state.history().latest();
        if (latest != null) {
            change.setTimestampNs(latest.atNanos()).setSource(latest.source());
            event.setEventTimestampNs(latest.atNanos());
            if (cause.isEmpty()) {
                event.setDescription(latest.cause());
            }
        }
        return event.setStateChange(change).build();
    }

    /** The kind of a type whose resources have states; null for other types. */
    static @Nullable ResourceKind kind(ResourceType type) {
        for (ResourceKind kind : ResourceKind.WITH_STATES) {
            if (type(kind) == type) {
                return kind;
            }
        }
        return null;
    }

    /** Returns the type that stands for a kind on the wire. */
    static ResourceType type(ResourceKind kind) {
        return switch (kind) {
            case SCENARIO -> ResourceType.RESOURCE_TYPE_SCENARIO;
            case PACKAGE -> ResourceType.RESOURCE_TYPE_PACKAGE;
            case MODEL -> ResourceType.RESOURCE_TYPE_MODEL;
            case NODE -> ResourceType.RESOURCE_TYPE_NODE;
        };
    }

    private static Severity severity(ResourceKind kind, String state) {
        return switch (kind) {
            case PACKAGE ->
                switch (PackageState.parse(state)) {
                    case ERROR -> Severity.SEVERITY_ERROR;
                    case DEGRADED -> Severity.SEVERITY_WARNING;
                    case IDLE, PAUSED, EXITED, RUNNING -> Severity.SEVERITY_INFO;
                    case null -> Severity.SEVERITY_INFO;
                };
            case MODEL ->
                ModelState.parse(state) == ModelState.DEAD ? Severity.SEVERITY_WARNING : Severity.SEVERITY_INFO;
            case SCENARIO -> Severity.SEVERITY_INFO;
            case NODE -> Severity.SEVERITY_WARNING;
        };
    }
}
