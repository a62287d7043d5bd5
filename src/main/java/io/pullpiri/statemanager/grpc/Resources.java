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
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.History;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.TrackedArtifact;
import io.pullpiri.statemanager.view.TrackedState;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Answers questions from a view. */
// [impl->req~wire-queries~1]
final class Resources {

    /** Stands between names: no name has it. */
    private static final String BETWEEN = "/";

    private final ChangeFeed feed;
    private final Reconciler reconciler;
    private final StateNames names;

    Resources(ChangeFeed feed, Reconciler reconciler, StateNames names) {
        this.feed = feed;
        this.reconciler = reconciler;
        this.names = names;
    }

    ResourceStateResponse one(View view, ResourceStateRequest request) {
        String name = request.getResourceName();
        ResourceState found = switch (request.getResourceType()) {
            case RESOURCE_TYPE_PACKAGE -> {
                PackageEntry entry = view.packages().get(name);
                yield entry == null ? null : withModels(packageState(view, entry), entry);
            }
            case RESOURCE_TYPE_MODEL -> {
                ModelEntry entry = view.models().get(name);
                yield entry == null ? null : withContainers(modelState(view, entry), entry);
            }
            case RESOURCE_TYPE_SCENARIO -> {
                ScenarioEntry entry = view.scenarios().get(name);
                yield entry == null ? null : scenarioState(entry);
            }
            default -> null;
        };
        ResourceStateResponse.Builder response = ResourceStateResponse.newBuilder();
        if (found != null) {
            return response.setSuccess(true).setResourceState(found).build();
        }
        return response.setMessage(
                        isManaged(request.getResourceType())
                                ? word(request.getResourceType()) + " " + name + " is not known"
                                : notManaged(request.getResourceTypeValue()))
                .build();
    }

    /** Reads the store as far as it must: not for a thread of the network. */
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
                // The clock on the wall may have been put back: the newest need not be the latest.
                .filter(change -> change.atNanos() >= request.getStartTimeNs() && change.atNanos() <= end)
                .limit(request.getLimit() == 0 ? Long.MAX_VALUE : request.getLimit())
                .map(this::entry)
                .forEach(response::addHistory);
        return response.setSuccess(true).build();
    }

    private static History historyOf(View view, ResourceType type, String name) {
        return switch (type) {
            case RESOURCE_TYPE_PACKAGE -> history(view.packages().get(name), PackageEntry::state);
            case RESOURCE_TYPE_MODEL -> history(view.models().get(name), ModelEntry::state);
            default -> history(view.scenarios().get(name), ScenarioEntry::state);
        };
    }

    private static <E> History history(@Nullable E entry, Function<E, TrackedState<?>> cell) {
        return entry == null ? History.NONE : cell.apply(entry).history();
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
        String state = request.getState();
        return switch (request.getResourceType()) {
            case RESOURCE_TYPE_PACKAGE ->
                list(
                        request,
                        view.packages().values().stream(),
                        state.isEmpty() ? null : PackageState.parse(state),
                        entry -> entry.state(),
                        entry -> packageState(view, entry));
            case RESOURCE_TYPE_MODEL ->
                list(
                        request,
                        view.models().values().stream(),
                        state.isEmpty() ? null : ModelState.parse(state),
                        entry -> entry.state(),
                        entry -> modelState(view, entry));
            case RESOURCE_TYPE_SCENARIO ->
                list(
                        request,
                        view.scenarios().values().stream(),
                        state.isEmpty() ? null : ScenarioState.parse(state),
                        entry -> entry.state(),
                        Resources.this::scenarioState);
            default ->
                response.setMessage(notManaged(request.getResourceTypeValue())).build();
        };
    }

    private static <E, S> ListResourcesByStateResponse list(
            ListResourcesByStateRequest request,
            Stream<E> all,
            @Nullable S wanted,
            Function<E, TrackedState<S>> cell,
            Function<E, ResourceState> shown) {
        ListResourcesByStateResponse.Builder response = ListResourcesByStateResponse.newBuilder();
        if (wanted == null && !request.getState().isEmpty()) {
            return response.setMessage(
                            "state: '" + request.getState() + "' is no state of a " + word(request.getResourceType()))
                    .build();
        }
        Predicate<E> matches =
                entry -> wanted == null || wanted.equals(cell.apply(entry).value());
        List<E> found = all.filter(matches).toList();
        long limit = request.getLimit() == 0 ? Long.MAX_VALUE : request.getLimit();
        found.stream().limit(limit).map(shown).forEach(response::addResources);
        return response.setSuccess(true).setTotalCount(found.size()).build();
    }

    private ResourceState packageState(View view, PackageEntry entry) {
        PackageState value = entry.state().value();
        ResourceState.Builder state = common(
                ResourceType.RESOURCE_TYPE_PACKAGE,
                entry.name(),
                value == null ? "" : names.of(ResourceKind.PACKAGE, value.title()),
                entry.state());
        if (value != null) {
            state.putMetadata("cause", view.causeOf(entry));
        }
        state.putMetadata("models", Integer.toString(entry.models().total()));
        int unknown = view.unknownModels(entry).size();
        state.putMetadata("reported", Integer.toString(entry.reported() + unknown));
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
        List<String> words = new ArrayList<>();
        for (Reconciler.Progress progress : reconciler.progress(name)) {
            words.add("scenario %s: %d %s%s"
                    .formatted(
                            progress.scenario(),
                            progress.attempts(),
                            progress.attempts() == 1 ? "request" : "requests",
                            progress.lastOutcome().isEmpty() ? "" : ", the last one " + progress.lastOutcome()));
        }
        return words.isEmpty() ? "no scenario targets it: nobody can be asked" : String.join("; ", words);
    }

    private ResourceState modelState(View view, ModelEntry entry) {
        ModelState value = entry.state().value();
        ResourceState.Builder state = common(
                ResourceType.RESOURCE_TYPE_MODEL,
                entry.name(),
                value == null ? "" : names.of(ResourceKind.MODEL, value.title()),
                entry.state());
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

    /** What stands below a resource is shown of one alone: in a list it could be anything much. */
    private static ResourceState withModels(ResourceState state, PackageEntry entry) {
        return state.toBuilder()
                .putMetadata("model.names", String.join(BETWEEN, entry.modelNames()))
                .build();
    }

    private static ResourceState withContainers(ResourceState state, ModelEntry entry) {
        ResourceState.Builder more = state.toBuilder();
        entry.containers()
                .forEach((node, ofNode) -> ofNode.forEach(container ->
                        more.putMetadata("container." + container.name() + " on " + node, words(container))));
        return more.build();
    }

    /** {@code running (podman: stopping), found by its name, not in its node's last report} */
    static String words(Container container) {
        List<String> words = new ArrayList<>();
        words.add(container.state().title().toLowerCase(Locale.ROOT)
                + (container.podman() == null ? "" : " (podman: " + container.podman() + ")"));
        if (container.why() != null) {
            words.add(container.why());
        } else if (!container.exitCode().isEmpty()) {
            words.add("exit code " + container.exitCode());
        }
        if (container.isMatchedByName()) {
            words.add("found by its name");
        }
        if (container.absent()) {
            words.add("not in its node's last report");
        }
        return String.join(", ", words);
    }

    private ResourceState scenarioState(ScenarioEntry entry) {
        ScenarioState value = entry.state().value();
        ResourceState.Builder state = common(
                ResourceType.RESOURCE_TYPE_SCENARIO,
                entry.name(),
                value == null ? "" : names.of(ResourceKind.SCENARIO, value.title()),
                entry.state());
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

    private static ResourceState.Builder common(ResourceType type, String name, String state, TrackedState<?> cell) {
        ResourceState.Builder builder = ResourceState.newBuilder()
                .setResourceType(type)
                .setResourceName(name)
                .setCurrentState(state)
                .setStateGeneration(cell.history().generation());
        Transition latest = cell.history().latest();
        if (latest != null && cell.value() != null) {
            builder.setLastTransitionTimeNs(latest.atNanos());
            builder.putMetadata("cause", latest.cause());
            builder.putMetadata("source", latest.source());
        }
        return builder;
    }

    static boolean isManaged(ResourceType type) {
        return type == ResourceType.RESOURCE_TYPE_PACKAGE
                || type == ResourceType.RESOURCE_TYPE_MODEL
                || type == ResourceType.RESOURCE_TYPE_SCENARIO;
    }

    static String notManaged(int type) {
        return "resource_type: " + type
                + " is not managed (expected: RESOURCE_TYPE_SCENARIO, RESOURCE_TYPE_PACKAGE or RESOURCE_TYPE_MODEL)";
    }

    static String word(ResourceType type) {
        return type.name().substring("RESOURCE_TYPE_".length()).toLowerCase(Locale.ROOT);
    }
}
