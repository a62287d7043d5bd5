// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.limits.ConcurrencyLimiter;
import io.pullpiri.statemanager.manager.ChangeFeed;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.MirrorLink;
import io.pullpiri.statemanager.manager.ReadFailedException;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.TrackedState;
import io.pullpiri.statemanager.view.View;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The handlers of REST, without the stream of events. All methods may block their thread. */
final class Api {

    /** HTTP requests have no deadline. The manager shortens this wait to the commit timeout. */
    private static final Duration NO_DEADLINE = Duration.ofHours(1);

    /** The most requests whose YAML is parsed at the same time. Each may have megabytes. */
    private static final int MAX_READERS = 8;

    /** The source of an operator's commands. */
    private static final String BY_OPERATOR = "operator";

    private final ConcurrencyLimiter artifacts;
    private final Manager manager;
    private final ResourceJson resourceJson;
    private final HistoryCache histories;

    Api(Manager manager, ResourceJson resourceJson, HistoryCache histories) {
        this.manager = manager;
        this.resourceJson = resourceJson;
        this.histories = histories;
        this.artifacts = new ConcurrencyLimiter(
                MAX_READERS,
                "http-artifacts",
                "full",
                "busy: artifacts of " + MAX_READERS + " callers are being read",
                manager.anomalies()::refused);
    }

    /** Answers whether the store works. */
    Reply health(Request request) throws HttpProblem {
        request.requireOnly();
        String trouble = manager.whyNotReady();
        if (!trouble.isEmpty()) {
            throw new HttpProblem(503, trouble);
        }
        MirrorLink.Health mirror = manager.mirror().health();
        return Reply.smallJson(
                mirror.trouble().isEmpty()
                        ? new Json.HealthJson("ready", null, null)
                        : new Json.HealthJson(
                                "degraded", mirror.trouble(), mirror.lag().toMillis() / 1_000.0));
    }

    /** Lists packages, optionally by state or name. */
    Reply packages(Request request) throws HttpProblem {
        return listing(request, ResourceKind.PACKAGE);
    }

    /** Lists models, optionally by state or name. */
    Reply models(Request request) throws HttpProblem {
        return listing(request, ResourceKind.MODEL);
    }

    /** Lists scenarios, optionally by state or name. */
    Reply scenarios(Request request) throws HttpProblem {
        return listing(request, ResourceKind.SCENARIO);
    }

    /** Lists the nodes that have reported containers. */
    Reply nodes(Request request) throws HttpProblem {
        request.requireOnly();
        PublishedView published = published();
        return listing(
                published, published.view.nodes().values().stream().map(node -> resourceJson.of(published.view, node)));
    }

    private Reply listing(Request request, ResourceKind kind) throws HttpProblem {
        request.requireOnly("state", "name");
        Set<NamedState> wanted = new HashSet<>();
        for (String text : request.parameters("state")) {
            NamedState state = kind.parseState(text);
            if (state == null) {
                throw new HttpProblem(
                        400,
                        "state: '" + LogText.excerpt(text, 60) + "' (expected: one of "
                                + kind.states().stream().map(NamedState::title).collect(Collectors.joining(", "))
                                + ")");
            }
            wanted.add(state);
        }
        PublishedView published = published();
        String name = request.parameter("name");
        Stream<? extends ResourceEntry<?>> asked = name.isEmpty()
                ? published.view.resources(kind).values().stream()
                : Stream.ofNullable(published.view.resource(kind, name));
        return listing(
                published,
                asked.filter(entry -> wanted.isEmpty()
                                || wanted.contains(entry.state().value()))
                        .map(entry -> resourceJson.of(published.view, entry)));
    }

    private Reply listing(PublishedView published, Stream<?> items) {
        return Reply.json(new Json.ListingJson(published.eventId, published.current, items.iterator()));
    }

    /** Answers with one package, its scenarios, models and history. */
    Reply onePackage(Request request) throws HttpProblem {
        request.requireOnly();
        PublishedView published = published();
        View view = published.view;
        PackageEntry entry = known(view.packages().get(request.name()), "package", request);
        return detail(
                published,
                resourceJson.of(view, entry),
                view.scenariosOf(entry.name()).stream()
                        .map(view.scenarios()::get)
                        .filter(Objects::nonNull)
                        .map(resourceJson::of),
                Stream.of(),
                entry.modelNames().stream()
                        .map(view.models()::get)
                        .filter(Objects::nonNull)
                        .map(model -> resourceJson.of(view, model)),
                entry.state());
    }

    /** Answers with one model, the packages that name it, and its history. */
    Reply model(Request request) throws HttpProblem {
        request.requireOnly();
        PublishedView published = published();
        View view = published.view;
        ModelEntry entry = known(view.models().get(request.name()), "model", request);
        Stream<Json.PackageJson> packages =
                packages(view, entry.packages().stream().sorted());
        return detail(published, resourceJson.of(view, entry), Stream.of(), packages, Stream.of(), entry.state());
    }

    /** Answers with one scenario, its target and its history. */
    Reply scenario(Request request) throws HttpProblem {
        request.requireOnly();
        PublishedView published = published();
        ScenarioEntry entry = known(published.view.scenarios().get(request.name()), "scenario", request);
        Stream<Json.PackageJson> packages = packages(published.view, entry.target().stream());
        return detail(published, resourceJson.of(entry), Stream.of(), packages, Stream.of(), entry.state());
    }

    /** Answers with one node and its containers. */
    Reply node(Request request) throws HttpProblem {
        request.requireOnly();
        PublishedView published = published();
        NodeEntry entry = known(published.view.nodes().get(request.name()), "node", request);
        return Reply.json(new Json.DetailJson(
                published.eventId,
                published.current,
                resourceJson.of(published.view, entry),
                Collections.emptyIterator(),
                Collections.emptyIterator(),
                Collections.emptyIterator(),
                entry.containers().values().stream()
                        .map(container -> resourceJson.of(published.view, entry.name(), container))
                        .iterator(),
                List.of(),
                null));
    }

    /** Answers with a resource and its history. Without the store, the answer has the resource only and says why. */
    private Reply detail(
            PublishedView published,
            Object resource,
            Stream<Json.ScenarioJson> scenarios,
            Stream<Json.PackageJson> packages,
            Stream<Json.ModelJson> models,
            TrackedState<?> state)
            throws HttpProblem {
        List<Json.ChangeJson> history = List.of();
        String unavailable = null;
        try {
            history = histories.of(state.history());
        } catch (ReadFailedException e) {
            unavailable = e.getMessage();
        }
        return Reply.json(new Json.DetailJson(
                published.eventId,
                published.current,
                resource,
                scenarios.iterator(),
                packages.iterator(),
                models.iterator(),
                Collections.emptyIterator(),
                history,
                unavailable));
    }

    private Stream<Json.PackageJson> packages(View view, Stream<String> names) {
        return names.map(view.packages()::get).filter(Objects::nonNull).map(entry -> resourceJson.of(view, entry));
    }

    private static <E> E known(@Nullable E entry, String kind, Request request) throws HttpProblem {
        if (entry == null) {
            throw new HttpProblem(404, kind + " " + request.name() + " is not known");
        }
        return entry;
    }

    /**
     * The published view.
     *
     * @param eventId the id after which the stream of events continues the view
     * @param current whether the store works, so that the view is up to date
     */
    private record PublishedView(View view, String eventId, boolean current) {}

    /** Returns the published view. Waits for the first one after a start. */
    private PublishedView published() throws HttpProblem {
        // Read before the view: an old view must not be called current because the store returns in between.
        boolean current = manager.isReady();
        if (manager.firstView(NO_DEADLINE).join().isEmpty()) {
            throw new HttpProblem(503, manager.whyNotRead());
        }
        ChangeFeed.Start start = manager.feed().start();
        return new PublishedView(start.view(), start.id().toString(), current);
    }

    /** Stores artifacts. */
    Reply apply(Request request) throws HttpProblem, IOException {
        request.requireOnly("strict");
        boolean strict = isSet(request, "strict");
        return submit(request, yaml -> Command.ApplyArtifacts.parse(yaml, strict));
    }

    /** Deletes artifacts. */
    Reply delete(Request request) throws HttpProblem, IOException {
        request.requireOnly();
        return submit(request, Command.DeleteArtifacts::parse);
    }

    private static boolean isSet(Request request, String flag) throws HttpProblem {
        String value = request.parameter(flag);
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> {
                if (request.has(flag)) {
                    throw new HttpProblem(
                            400, flag + ": '" + LogText.excerpt(value, 60) + "' (expected: true or false)");
                }
                yield false;
            }
        };
    }

    private Reply submit(Request request, Function<String, Command> reading) throws HttpProblem, IOException {
        requireNoPage(request);
        return answer(manager.submit(command(request, reading), NO_DEADLINE).join());
    }

    /** Refuses a change that a browser sends for a web page. */
    private static void requireNoPage(Request request) throws HttpProblem {
        if (request.header("Origin") != null) {
            throw new HttpProblem(403, "Origin: a web page must not change anything (expected: no such header)");
        }
    }

    private static Reply answer(CommandResult answer) throws HttpProblem {
        return switch (answer) {
            case CommandResult.ArtifactsDone done ->
                Reply.json(new Json.OutcomesJson(
                        done.outcomes().stream().map(Api::outcome).toList(), done.warnings()));
            case CommandResult.Done done -> Reply.json(new Json.MessageJson(done.message()));
            case CommandResult.NotDurableYet unavailable -> throw new HttpProblem(503, unavailable.reason());
            case CommandResult.ResourceExhausted exhausted -> throw new HttpProblem(507, exhausted.reason());
            case CommandResult.Rejected rejected -> throw new HttpProblem(422, rejected.reason());
            case CommandResult.NotAllowed notAllowed -> throw new HttpProblem(409, notAllowed.reason());
            case CommandResult.NotFound notFound -> throw new HttpProblem(404, notFound.reason());
        };
    }

    private static Json.OutcomeJson outcome(CommandResult.ArtifactOutcome outcome) {
        String text = outcome.outcome().name().toLowerCase(Locale.ROOT).replace('_', '-');
        return new Json.OutcomeJson(outcome.kind(), outcome.name(), text);
    }

    /** Forgets a node. */
    Reply forget(Request request) throws HttpProblem {
        request.requireOnly("force");
        requireNoPage(request);
        Command command = new Command.ForgetNode(request.name(), isSet(request, "force"), BY_OPERATOR);
        return answer(manager.submit(command, NO_DEADLINE).join());
    }

    private Command command(Request request, Function<String, Command> reading) throws HttpProblem, IOException {
        try (ConcurrencyLimiter.Permit _ = artifacts.acquire(Duration.ZERO)) {
            return reading.apply(request.body());
        } catch (IllegalArgumentException e) {
            manager.anomalies().add("invalid-artifact", String.valueOf(e.getMessage()));
            throw new HttpProblem(400, String.valueOf(e.getMessage()));
        } catch (ConcurrencyLimiter.BusyException e) {
            throw HttpProblem.busy(e);
        }
    }
}
