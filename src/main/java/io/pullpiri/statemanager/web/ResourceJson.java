// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.manager.Reconciler;
import io.pullpiri.statemanager.state.ExitCode;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.view.Absence;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.TrackedState;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Turns the entries of a view, and events, into the JSON values of the HTTP interface. */
final class ResourceJson {

    private static final long NANOS = 1_000_000_000;

    private final Function<String, List<Reconciler.Progress>> reconciling;

    /** @param reconciling returns the progress of a package's reconcile requests, by its name */
    ResourceJson(Function<String, List<Reconciler.Progress>> reconciling) {
        this.reconciling = reconciling;
    }

    /** Returns the JSON value of a resource of any kind. */
    Record of(View view, ResourceEntry<?> entry) {
        return switch (entry) {
            case PackageEntry of -> of(view, of);
            case ModelEntry of -> of(view, of);
            case ScenarioEntry of -> of(of);
        };
    }

    /** Returns the JSON value of a package. */
    Json.PackageJson of(View view, PackageEntry entry) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (ModelState model : ModelState.values()) {
            if (entry.models().count(model) > 0) {
                counts.put(model.title(), entry.models().count(model));
            }
        }
        int unknown = view.unknownModels(entry).size();
        int notReported = entry.models().total() - entry.modelsWithState() - unknown;
        Latest latest = Latest.of(entry.state());
        return new Json.PackageJson(
                "package",
                entry.name(),
                title(entry),
                latest.since,
                latest.generation,
                view.causeOf(entry),
                latest.source,
                counts,
                unknown == 0 ? null : unknown,
                notReported == 0 ? null : notReported,
                entry.modelNames(),
                List.copyOf(view.scenariosOf(entry.name())),
                entry.reconcile().value() == null ? List.of() : reconciling.apply(entry.name()),
                entry.artifact().broken(),
                entry.artifact().isLastGoodInForce() ? true : null);
    }

    /** Returns the JSON value of a model with its containers. */
    Json.ModelJson of(View view, ModelEntry entry) {
        Latest latest = Latest.of(entry.state());
        List<Json.ContainerJson> containers = new ArrayList<>();
        entry.containers()
                .forEach((node, ofNode) -> ofNode.forEach(container -> containers.add(of(view, node, container))));
        return new Json.ModelJson(
                "model",
                entry.name(),
                title(entry),
                latest.since,
                latest.generation,
                view.causeOf(entry),
                latest.source,
                entry.packages().stream().sorted().toList(),
                containers);
    }

    /** Returns the JSON value of a scenario. */
    Json.ScenarioJson of(ScenarioEntry entry) {
        Latest latest = Latest.of(entry.state());
        return new Json.ScenarioJson(
                "scenario",
                entry.name(),
                title(entry),
                latest.since,
                latest.generation,
                latest.cause,
                latest.source,
                entry.action().orElse(null),
                entry.target().orElse(null),
                entry.artifact().broken(),
                entry.artifact().isLastGoodInForce() ? true : null);
    }

    /** Returns the JSON value of a node without its containers. */
    Json.NodeJson of(View view, NodeEntry entry) {
        long reported = TimeUnit.MILLISECONDS.toNanos(entry.reportedMillis());
        return new Json.NodeJson(
                "node",
                entry.name(),
                reported == 0 ? null : time(reported),
                entry.isKnown(),
                entry.containers().size(),
                view.unmatched(entry).size(),
                List.copyOf(entry.models()),
                entry.warning().isEmpty() ? null : entry.warning());
    }

    /** Returns the JSON value of a container of a node. */
    Json.ContainerJson of(View view, String node, Container container) {
        return new Json.ContainerJson(
                container.name(),
                node,
                container.model(),
                container.state().title(),
                exitCode(container.exitCode()),
                container.podman(),
                container.why(),
                container.isMatchedByName() ? true : null,
                view.isUnmatched(container) ? true : null,
                container.absent() ? true : null,
                container.absence() == Absence.REMOVED ? true : null);
    }

    /** Reads a stored exit code. Returns null for a code that was too long to be stored. */
    private static @Nullable BigInteger exitCode(String text) {
        if (text.isEmpty()) {
            return BigInteger.ZERO;
        }
        return ExitCode.isInteger(text) ? new BigInteger(text) : null;
    }

    /** Returns the JSON value of a state change. */
    Json.ChangeJson of(Transition change) {
        return new Json.ChangeJson(
                change.kind().label(),
                change.name(),
                change.from(),
                change.to(),
                time(change.atNanos()),
                change.generation(),
                change.transitionId(),
                change.cause(),
                change.source(),
                change.durationMillis());
    }

    /** Returns the JSON value of a recovery event. */
    Json.RecoveryJson of(Event.Recovery recovery) {
        return new Json.RecoveryJson(
                time(recovery.atNanos()),
                recovery.step().name().toLowerCase(Locale.ROOT),
                recovery.packageName(),
                recovery.scenario(),
                recovery.detail());
    }

    /** Returns the JSON value of a fault. */
    Json.FaultJson of(Event.Fault fault) {
        return new Json.FaultJson(time(fault.atNanos()), fault.detail());
    }

    private static String time(long epochNanos) {
        return Instant.ofEpochSecond(epochNanos / NANOS, epochNanos % NANOS).toString();
    }

    private static @Nullable String title(ResourceEntry<?> entry) {
        NamedState state = entry.state().value();
        return state == null ? null : state.title();
    }

    /** The change that led to the current state. Its fields are empty for a resource without a state. */
    private record Latest(@Nullable String since, long generation, String cause, String source) {

        static Latest of(TrackedState<?> state) {
            Transition latest = state.history().latest();
            return latest == null || state.value() == null
                    ? new Latest(null, 0, "", "")
                    : new Latest(time(latest.atNanos()), state.history().generation(), latest.cause(), latest.source());
        }
    }
}
