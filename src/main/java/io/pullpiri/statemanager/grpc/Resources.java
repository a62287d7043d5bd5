// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ListResourcesByStateResponse;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceStateHistoryRequest;
import io.pullpiri.proto.statemanager.ResourceStateHistoryResponse;
import io.pullpiri.proto.statemanager.ResourceStateRequest;
import io.pullpiri.proto.statemanager.ResourceStateResponse;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateTransitionHistory;
import io.pullpiri.statemanager.manager.ChangeFeed;
import io.pullpiri.statemanager.manager.Reconciler;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.view.Absence;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.History;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.TrackedArtifact;
import io.pullpiri.statemanager.view.TrackedState;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Answers queries about resources from a view. */
// [impl->req~wire-queries~1]
final class Resources {

    /** The separator between names. No name contains it. */
    private static final String BETWEEN = "/";

    private final ChangeFeed feed;
    private final Reconciler reconciler;
    private final StateNames names;

    Resources(ChangeFeed feed, Reconciler reconciler, StateNames names) {
        this.feed = feed;
        this.reconciler = reconciler;
        this.names = names;
    }

    /** Answers with one resource and its models or containers. */
    ResourceStateResponse one(View view, ResourceStateRequest request) {
        String name = request.getResourceName();
        ResourceEntry<?> entry = entry(view, request.getResourceType(), name);
        ResourceState found = entry == null ? null : withParts(state(view, entry), entry);
        ResourceStateResponse.Builder response = ResourceStateResponse.newBuilder();
        if (found != null) {
            return response.setSuccess(true).setResourceState(found).build();
        }
        return response.setMessage(
                        isManaged(request.getResourceType())
                                ? label(request.getResourceType()) + " " + name + " is not known"
                                : notManaged(request.getResourceTypeValue()))
                .build();
    }

    /** Answers with the history of a resource. It reads the store, so it must not run on the network thread. */
    ResourceStateHistoryResponse history(View view, ResourceStateHistoryRequest request) {
        ResourceStateHistoryResponse.Builder response = ResourceStateHistoryResponse.newBuilder();
        if (request.getLimit() < 0) {
            return response.setMessage("limit: " + request.getLimit() + " (expected: 0 for all, or more)")
                    .build();
        }
        ResourceStateResponse found = one(
                view,
                ResourceStateRequest.newBuilder()
                        .setResourceType(request.getResourceType())
                        .setResourceName(request.getResourceName())
                        .build());
        if (!found.getSuccess()) {
            return response.setMessage(found.getMessage()).build();
        }
        long end = request.getEndTimeNs() == 0 ? Long.MAX_VALUE : request.getEndTimeNs();
        feed.history(historyOf(view, request.getResourceType(), request.getResourceName()))
                // The wall clock may have been set back, so the newest change need not have the latest time.
                .filter(change -> change.atNanos() >= request.getStartTimeNs() && change.atNanos() <= end)
                .limit(request.getLimit() == 0 ? Long.MAX_VALUE : request.getLimit())
                .map(this::entry)
                .forEach(response::addHistory);
        return response.setSuccess(true).build();
    }

    private static History historyOf(View view, ResourceType type, String name) {
        ResourceEntry<?> entry = entry(view, type, name);
        return entry == null ? History.NONE : entry.state().history();
    }

    private static @Nullable ResourceEntry<?> entry(View view, ResourceType type, String name) {
        ResourceKind kind = EventMessages.kind(type);
        return kind == null ? null : view.resource(kind, name);
    }

    private StateTransitionHistory entry(Transition change) {
        return StateTransitionHistory.newBuilder()
                .setFromState(names.of(change.kind(), change.from()))
                .setToState(names.of(change.kind(), change.to()))
                .setTimestampNs(change.atNanos())
                .setTransitionId(change.transitionId())
                .setReason(change.cause())
                .setSource(change.source())
                .setDurationMs(change.durationMillis())
                .setSuccess(true)
                .build();
    }

    /** Answers with the resources of one kind. */
    ListResourcesByStateResponse list(View view, ListResourcesByStateRequest request) {
        ListResourcesByStateResponse.Builder response = ListResourcesByStateResponse.newBuilder();
        if (request.getLabelSelectorCount() > 0) {
            return response.setMessage("label_selector: is not supported (expected: none)")
                    .build();
        }
        if (request.getLimit() < 0) {
            return response.setMessage("limit: " + request.getLimit() + " (expected: 0 for all, or more)")
                    .build();
        }
        ResourceKind kind = EventMessages.kind(request.getResourceType());
        if (kind == null) {
            return response.setMessage(notManaged(request.getResourceTypeValue()))
                    .build();
        }
        NamedState wanted = kind.parseState(request.getState());
        if (wanted == null && !request.getState().isEmpty()) {
            return response.setMessage("state: '" + Calls.shown(request.getState()) + "' (expected: one of "
                            + kind.states().stream().map(NamedState::title).collect(Collectors.joining(", ")) + ")")
                    .build();
        }
        List<? extends ResourceEntry<?>> found = view.resources(kind).values().stream()
                .filter(entry -> wanted == null || wanted.equals(entry.state().value()))
                .toList();
        long limit = request.getLimit() == 0 ? Long.MAX_VALUE : request.getLimit();
        found.stream().limit(limit).map(entry -> state(view, entry)).forEach(response::addResources);
        return response.setSuccess(true).setTotalCount(found.size()).build();
    }

    private ResourceState state(View view, ResourceEntry<?> entry) {
        return switch (entry) {
            case PackageEntry of -> packageState(view, of);
            case ModelEntry of -> modelState(view, of);
            case ScenarioEntry of -> scenarioState(of);
        };
    }

    private ResourceState packageState(View view, PackageEntry entry) {
        ResourceState.Builder state = common(entry);
        if (entry.state().value() != null) {
            state.putMetadata("cause", view.causeOf(entry));
        }
        state.putMetadata("models", Integer.toString(entry.models().total()));
        int unknown = view.unknownModels(entry).size();
        state.putMetadata("reported", Integer.toString(entry.modelsWithState() + unknown));
        if (unknown > 0) {
            state.putMetadata("unknown", Integer.toString(unknown));
        }
        for (ModelState model : ModelState.values()) {
            if (entry.models().count(model) > 0) {
                state.putMetadata(
                        "models." + model.title().toLowerCase(Locale.ROOT),
                        Integer.toString(entry.models().count(model)));
            }
        }
        state.putMetadata("scenarios", String.join(BETWEEN, view.scenariosOf(entry.name())));
        broken(state, entry.artifact());
        if (entry.reconcile().value() != null) {
            state.putMetadata("reconcile", reconcile(entry.name()));
        }
        return state.build();
    }

    private String reconcile(String name) {
        List<String> requests = new ArrayList<>();
        for (Reconciler.Progress progress : reconciler.progress(name)) {
            requests.add("scenario %s: %d %s%s"
                    .formatted(
                            progress.scenario(),
                            progress.attempts(),
                            progress.attempts() == 1 ? "request" : "requests",
                            progress.lastOutcome().isEmpty() ? "" : ", the last one " + progress.lastOutcome()));
        }
        String remark = reconciler.remark(name);
        if (!remark.isEmpty()) {
            requests.add(remark);
        }
        return String.join("; ", requests);
    }

    private ResourceState modelState(View view, ModelEntry entry) {
        ResourceState.Builder state = common(entry);
        int containers =
                entry.containers().values().stream().mapToInt(List::size).sum();
        String cause = view.causeOf(entry);
        if (!cause.isEmpty()) {
            state.putMetadata("cause", cause);
        }
        state.putMetadata("packages", entry.packages().stream().sorted().collect(Collectors.joining(BETWEEN)));
        state.putMetadata("containers", Integer.toString(containers));
        state.putMetadata("nodes", String.join(BETWEEN, entry.containers().keySet()));
        return state.build();
    }

    /** Adds the models of a package, or the containers of a model; a list leaves them out, because they may be many. */
    private static ResourceState withParts(ResourceState state, ResourceEntry<?> entry) {
        ResourceState.Builder more = state.toBuilder();
        switch (entry) {
            case PackageEntry of -> more.putMetadata("model.names", String.join(BETWEEN, of.modelNames()));
            case ModelEntry of ->
                of.containers()
                        .forEach((node, ofNode) -> ofNode.forEach(container -> more.putMetadata(
                                "container." + container.name() + " on " + node, description(container))));
            case ScenarioEntry of -> {}
        }
        return more.build();
    }

    /**
     * Describes a container for operators, such as {@code running (podman: stopping), found by its name, not in its node's last
     * report}.
     */
    static String description(Container container) {
        List<String> parts = new ArrayList<>();
        parts.add(container.state().title().toLowerCase(Locale.ROOT)
                + (container.podman() == null ? "" : " (podman: " + container.podman() + ")"));
        if (container.why() != null) {
            parts.add(container.why());
        } else if (!container.exitCode().isEmpty()) {
            parts.add("exit code " + container.exitCode());
        }
        if (container.isMatchedByName()) {
            parts.add("found by its name");
        }
        if (container.absence() != null) {
            parts.add(
                    container.absence() == Absence.REMOVED ? "removed from its node" : "not in its node's last report");
        }
        return String.join(", ", parts);
    }

    private ResourceState scenarioState(ScenarioEntry entry) {
        ResourceState.Builder state = common(entry);
        broken(state, entry.artifact());
        entry.target().ifPresent(target -> state.putMetadata("target", target));
        entry.action().ifPresent(action -> state.putMetadata("action", action));
        return state.build();
    }

    private static void broken(ResourceState.Builder state, TrackedArtifact<?> artifact) {
        if (artifact.broken() != null) {
            state.putMetadata("artifact.broken", artifact.broken());
        }
        if (artifact.isLastGoodInForce()) {
            state.putMetadata("artifact.last-good", "in force");
        }
    }

    private ResourceState.Builder common(ResourceEntry<?> entry) {
        TrackedState<?> state = entry.state();
        ResourceState.Builder builder = ResourceState.newBuilder()
                .setResourceType(EventMessages.type(entry.kind()))
                .setResourceName(entry.name())
                .setCurrentState(
                        names.of(entry.kind(), NamedState.titleOf(entry.state().value())))
                .setStateGeneration(state.history().generation());
        Transition latest = state.history().latest();
        if (latest != null && state.value() != null) {
            builder.setLastTransitionTimeNs(latest.atNanos());
            builder.putMetadata("cause", latest.cause());
            builder.putMetadata("source", latest.source());
        }
        return builder;
    }

    /** Returns whether resources of a type have states. */
    static boolean isManaged(ResourceType type) {
        return EventMessages.kind(type) != null;
    }

    /** Returns the message for a type whose resources have no states. */
    static String notManaged(int type) {
        return "resource_type: " + type
                + " is not managed (expected: RESOURCE_TYPE_SCENARIO, RESOURCE_TYPE_PACKAGE or RESOURCE_TYPE_MODEL)";
    }

    /** Returns the name of a type for messages, such as {@code package}. */
    static String label(ResourceType type) {
        return type.name().substring("RESOURCE_TYPE_".length()).toLowerCase(Locale.ROOT);
    }
}
