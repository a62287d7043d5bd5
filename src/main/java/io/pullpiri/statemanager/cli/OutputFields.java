// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.proto.statemanager.StateTransitionHistory;
import io.pullpiri.statemanager.state.ModelState;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The fields of JSON and YAML output. Names and types are those of REST (openapi.yaml). A value that gRPC has in another
 * form gets a name that REST does not use. Unknown and empty values are left out.
 */
final class OutputFields {

    /** A container's name, and its node after the last "on". */
    private static final Pattern CONTAINER = Pattern.compile("container\\.(.*) on (.*)");

    /** {@code running (podman: stopping), found by its name}: the state, podman's own status, the rest. */
    private static final Pattern DETAIL = Pattern.compile("([a-z]+)(?: \\(podman: ([a-z]+)\\))?(?:, (.*))?");

    private final Map<String, Object> fields = new LinkedHashMap<>();

    private OutputFields() {}

    /** Returns the fields of a resource. */
    static Map<String, Object> of(ResourceState state) {
        ResourceColumns kind = ResourceColumns.of(state.getResourceType());
        Map<String, String> metadata = new TreeMap<>(state.getMetadataMap());
        if (kind == ResourceColumns.NODE) {
            return node(state, metadata);
        }
        OutputFields all = new OutputFields()
                .put("kind", kind.singular())
                .put("name", state.getResourceName())
                .put("state", kind.title(state.getCurrentState()))
                .put("since", time(state.getLastTransitionTimeNs()))
                .put("generation", state.getStateGeneration())
                .put("cause", metadata.remove("cause"))
                .put("source", metadata.remove("source"));
        switch (kind) {
            case PACKAGE -> {
                Long models = number(metadata.remove("models"));
                Long reported = number(metadata.remove("reported"));
                all.put("modelCounts", modelCounts(metadata))
                        .put("reported", reported)
                        .put("modelsUnknown", number(metadata.remove("unknown")))
                        .put("modelsNotReported", rest(models, reported))
                        .put("models", ResourceColumns.list(metadata.remove("model.names")))
                        .put("scenarios", ResourceColumns.list(metadata.remove("scenarios")))
                        .put("reconcileDetail", metadata.remove("reconcile"));
            }
            case MODEL ->
                all.put("packages", ResourceColumns.list(metadata.remove("packages")))
                        .put("nodes", ResourceColumns.list(metadata.remove("nodes")))
                        .put("containerCount", number(metadata.remove("containers")))
                        .put("containers", containers(metadata));
            case SCENARIO -> all.put("action", metadata.remove("action")).put("target", metadata.remove("target"));
            case NODE -> throw new AssertionError(state);
        }
        all.put("artifactBroken", metadata.remove("artifact.broken"))
                .put("lastGoodInForce", metadata.remove("artifact.last-good") == null ? null : true);
        metadata.forEach(all::put);
        return all.fields;
    }

    private static Map<String, Object> node(ResourceState state, Map<String, String> metadata) {
        return new OutputFields()
                .put("kind", ResourceColumns.NODE.singular())
                .put("name", state.getResourceName())
                .put("lastReport", time(state.getLastTransitionTimeNs()))
                .put("known", Boolean.valueOf(metadata.get("known")))
                .put("containers", number(metadata.get("containers")))
                .put("unmatched", number(metadata.get("unmatched")))
                .put("models", ResourceColumns.list(metadata.get("models")))
                .put("warning", metadata.get("warning"))
                .fields;
    }

    /** Returns the fields of a change in the history. */
    static Map<String, Object> of(ResourceColumns kind, String name, StateTransitionHistory change) {
        return change(kind, name, change.getFromState(), change.getToState())
                .put("time", time(change.getTimestampNs()))
                .put("transitionId", change.getTransitionId())
                .put("cause", change.getReason())
                .put("source", change.getSource())
                .put("durationMillis", change.getDurationMs())
                .fields;
    }

    /** Returns the fields of an event, first its id and its type as in the event stream of REST. */
    static Map<String, Object> of(StateChangeEvent event) {
        Map<String, String> metadata = event.getMetadataMap();
        OutputFields all = new OutputFields().put("id", event.getEventId());
        if (!event.hasStateChange()) {
            return all.put("type", metadata.containsKey("step") ? "recovery" : "fault")
                    .put("time", time(event.getEventTimestampNs()))
                    .put("step", metadata.get("step"))
                    .put("package", metadata.get("package"))
                    .put("scenario", metadata.get("scenario"))
                    .put("detail", event.getDescription())
                    .fields;
        }
        StateChange change = event.getStateChange();
        ResourceColumns kind = ResourceColumns.of(change.getResourceType());
        String name = change.getResourceName();
        if (metadata.containsKey("snapshot")) {
            all.put("type", "snapshot")
                    .put("kind", kind.singular())
                    .put("name", name)
                    .put("state", kind.title(change.getTargetState()))
                    .put("since", time(event.getEventTimestampNs()));
        } else {
            all.put("type", "change");
            all.fields.putAll(change(kind, name, change.getCurrentState(), change.getTargetState()).fields);
            all.put("time", time(event.getEventTimestampNs()));
        }
        return all.put("generation", number(metadata.get("generation")))
                .put("transitionId", change.getTransitionId())
                .put("cause", event.getDescription())
                .put("source", change.getSource())
                .put("durationMillis", number(metadata.get("duration_ms")))
                .fields;
    }

    private static OutputFields change(ResourceColumns kind, String name, String from, String to) {
        OutputFields all = new OutputFields()
                .put("kind", kind.singular())
                .put("name", name)
                .put("from", kind.title(from));
        // Empty if the resource is gone.
        all.fields.put("to", kind.title(to));
        return all;
    }

    private static Map<String, Object> modelCounts(Map<String, String> metadata) {
        OutputFields counts = new OutputFields();
        for (ModelState state : ModelState.values()) {
            counts.put(
                    state.title(),
                    number(metadata.remove("models." + state.title().toLowerCase(Locale.ROOT))));
        }
        return counts.fields;
    }

    /** Moves the containers out of the metadata. */
    private static List<Map<String, Object>> containers(Map<String, String> metadata) {
        List<Map<String, Object>> containers = new ArrayList<>();
        metadata.entrySet().removeIf(entry -> {
            Matcher container = CONTAINER.matcher(entry.getKey());
            if (!container.matches()) {
                return false;
            }
            Matcher detail = DETAIL.matcher(entry.getValue());
            String state = detail.matches() ? detail.group(1) : entry.getValue();
            containers.add(new OutputFields()
                    .put("name", container.group(1))
                    .put("node", container.group(2))
                    .put("state", state.substring(0, 1).toUpperCase(Locale.ROOT) + state.substring(1))
                    .put("podman", detail.matches() ? detail.group(2) : null)
                    .put("detail", detail.matches() ? detail.group(3) : null)
                    .fields);
            return true;
        });
        return containers;
    }

    private OutputFields put(String name, @Nullable Object value) {
        boolean empty = value == null
                || value.equals("")
                || (value instanceof Collection<?> all && all.isEmpty())
                || (value instanceof Map<?, ?> map && map.isEmpty());
        if (!empty) {
            fields.put(name, value);
        }
        return this;
    }

    /** Returns the difference, or null if there is none. */
    private static @Nullable Long rest(@Nullable Long all, @Nullable Long part) {
        return all == null || part == null || all <= part ? null : Long.valueOf(all - part);
    }

    private static @Nullable Long number(@Nullable String text) {
        return text == null ? null : Long.valueOf(text);
    }

    private static String time(long nanos) {
        return nanos == 0 ? "" : ResourceColumns.instant(nanos).toString();
    }
}
