package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.limits.ConcurrencyLimiter;
import io.pullpiri.statemanager.manager.ChangeFeed;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.StoreAwayException;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The questions and orders of the HTTP interface, but for the stream of events. For threads that may wait. */
final class Api {

    /** The manager does not wait longer than its own limits. */
    private static final Duration PATIENCE = Duration.ofHours(1);

    /** Whose artifacts are being read, or wait for it: each may have megabytes. */
    private static final int MAX_READERS = 8;

    /** The source of what an operator asks for. */
    private static final String BY_OPERATOR = "operator";

    private final ConcurrencyLimiter artifacts;
    private final Manager manager;
    private final ResourceJson representations;
    private final HistoryCache histories;

    Api(Manager manager, ResourceJson representations, HistoryCache histories) {
        this.manager = manager;
        this.representations = representations;
        this.histories = histories;
        this.artifacts = new ConcurrencyLimiter(
                MAX_READERS,
                "http-artifacts",
                "full",
                "busy: artifacts of " + MAX_READERS + " callers are being read",
                manager.anomalies()::refused);
    }

    Reply health(Request request) throws HttpProblem {
        request.requireOnly();
        String trouble = manager.trouble();
        if (!trouble.isEmpty()) {
            throw new HttpProblem(503, trouble);
        }
        return Reply.smallJson(new Json.HealthJson("ready"));
    }

    Reply packages(Request request) throws HttpProblem {
        return listing(request, ResourceKind.PACKAGE);
    }

    Reply models(Request request) throws HttpProblem {
        return listing(request, ResourceKind.MODEL);
    }

    Reply scenarios(Request request) throws HttpProblem {
        return listing(request, ResourceKind.SCENARIO);
    }

    Reply nodes(Request request) throws HttpProblem {
        request.requireOnly();
        Now now = now();
        return listing(now, now.view.nodes().values().stream().map(node -> representations.of(now.view, node)));
    }

    private Reply listing(Request request, ResourceKind kind) throws HttpProblem {
        request.requireOnly("state", "name");
        Set<NamedState> wanted = new HashSet<>();
        for (String text : request.parameters("state")) {
            NamedState state = kind.parseState(text);
            if (state == null) {
                throw new HttpProblem(400, "state: '" + text + "' is no state of these resources");
            }
            wanted.add(state);
        }
        Now now = now();
        String name = request.parameter("name");
        Stream<? extends ResourceEntry<?>> asked = name.isEmpty()
                ? now.view.resources(kind).values().stream()
                : Stream.ofNullable(now.view.resource(kind, name));
        return listing(
                now,
                asked.filter(entry -> wanted.isEmpty()
                                || wanted.contains(entry.state().value()))
                        .map(entry -> representations.of(now.view, entry)));
    }

    private Reply listing(Now now, Stream<?> items) {
        return Reply.json(new Json.ListingJson(now.eventId, now.current, items.iterator()));
    }

    Reply onePackage(Request request) throws HttpProblem {
        request.requireOnly();
        Now now = now();
        View view = now.view;
        PackageEntry entry = known(view.packages().get(request.name()), "package", request);
        return detail(
                now,
                representations.of(view, entry),
                view.scenariosOf(entry.name()).stream()
                        .map(view.scenarios()::get)
                        .filter(Objects::nonNull)
                        .map(representations::of),
                Stream.of(),
                entry.modelNames().stream()
                        .map(view.models()::get)
                        .filter(Objects::nonNull)
                        .map(model -> representations.of(view, model)),
                entry.state());
    }

    Reply model(Request request) throws HttpProblem {
        request.requireOnly();
        Now now = now();
        View view = now.view;
        ModelEntry entry = known(view.models().get(request.name()), "model", request);
        Stream<Json.PackageJson> packages =
                packages(view, entry.packages().stream().sorted());
        return detail(now, representations.of(view, entry), Stream.of(), packages, Stream.of(), entry.state());
    }

    Reply scenario(Request request) throws HttpProblem {
        request.requireOnly();
        Now now = now();
        ScenarioEntry entry = known(now.view.scenarios().get(request.name()), "scenario", request);
        Stream<Json.PackageJson> packages = packages(now.view, entry.target().stream());
        return detail(now, representations.of(entry), Stream.of(), packages, Stream.of(), entry.state());
    }

    Reply node(Request request) throws HttpProblem {
        request.requireOnly();
        Now now = now();
        NodeEntry entry = known(now.view.nodes().get(request.name()), "node", request);
        return Reply.json(new Json.DetailJson(
                now.eventId,
                now.current,
                representations.of(now.view, entry),
                Collections.emptyIterator(),
                Collections.emptyIterator(),
                Collections.emptyIterator(),
                entry.containers().values().stream()
                        .map(container -> representations.of(now.view, entry.name(), container))
                        .iterator(),
                List.of(),
                null));
    }

    /** What is comes from memory: it can be told without the store, and without what was. */
    private Reply detail(
            Now now,
            Object resource,
            Stream<Json.ScenarioJson> scenarios,
            Stream<Json.PackageJson> packages,
            Stream<Json.ModelJson> models,
            TrackedState<?> cell)
            throws HttpProblem {
        List<Json.ChangeJson> history = List.of();
        String unavailable = null;
        try {
            history = histories.of(cell.history());
        } catch (StoreAwayException e) {
            unavailable = e.getMessage();
        }
        return Reply.json(new Json.DetailJson(
                now.eventId,
                now.current,
                resource,
                scenarios.iterator(),
                packages.iterator(),
                models.iterator(),
                Collections.emptyIterator(),
                history,
                unavailable));
    }

    private Stream<Json.PackageJson> packages(View view, Stream<String> names) {
        return names.map(view.packages()::get).filter(Objects::nonNull).map(entry -> representations.of(view, entry));
    }

    private static <E> E known(@Nullable E entry, String kind, Request request) throws HttpProblem {
        if (entry == null) {
            throw new HttpProblem(404, kind + " " + request.name() + " is not known");
        }
        return entry;
    }

    /**
     * What is known.
     *
     * @param eventId where the stream of events continues it
     * @param current whether it is what the store holds, as far as one knows
     */
    private record Now(View view, String eventId, boolean current) {}

    /** What is, once the store was read. */
    private Now now() throws HttpProblem {
        // First: what is old does not become new when the store comes back meanwhile.
        boolean current = manager.isReady();
        if (manager.firstView(PATIENCE).join().isEmpty()) {
            throw new HttpProblem(503, manager.notRead());
        }
        ChangeFeed.Start start = manager.feed().start();
        return new Now(start.view(), start.id().toString(), current);
    }

    Reply apply(Request request) throws HttpProblem, IOException {
        request.requireOnly("strict");
        boolean strict = isSet(request, "strict");
        return submit(request, yaml -> Command.ApplyArtifacts.parse(yaml, strict));
    }

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
        return answer(manager.submit(command(request, reading), PATIENCE).join());
    }

    /** A page of another origin, open in a browser on this machine, must not change a vehicle. */
    private static void requireNoPage(Request request) throws HttpProblem {
        if (request.header("Origin") != null) {
            throw new HttpProblem(403, "Origin: web pages may not change anything (expected: no such header)");
        }
    }

    private static Reply answer(CommandResult answer) throws HttpProblem {
        return switch (answer) {
            case CommandResult.ArtifactsDone done ->
                Reply.json(new Json.OutcomesJson(
                        done.outcomes().stream().map(Api::outcome).toList(), done.warnings()));
            case CommandResult.Done done -> Reply.json(new Json.MessageJson(done.message()));
            case CommandResult.NotDurableYet unavailable -> throw new HttpProblem(503, unavailable.reason());
            case CommandResult.ResourceExhausted tooMuch -> throw new HttpProblem(507, tooMuch.reason());
            case CommandResult.Rejected impossible -> throw new HttpProblem(422, impossible.reason());
            case CommandResult.NotAllowed notAllowed -> throw new HttpProblem(409, notAllowed.reason());
            case CommandResult.NotFound notFound -> throw new HttpProblem(404, notFound.reason());
        };
    }

    private static Json.OutcomeJson outcome(CommandResult.ArtifactOutcome outcome) {
        String word = outcome.outcome().name().toLowerCase(Locale.ROOT).replace('_', '-');
        return new Json.OutcomeJson(outcome.kind(), outcome.name(), word);
    }

    /** Forgets a node. */
    Reply forget(Request request) throws HttpProblem {
        request.requireOnly("force");
        requireNoPage(request);
        Command command = new Command.ForgetNode(request.name(), isSet(request, "force"), BY_OPERATOR);
        return answer(manager.submit(command, PATIENCE).join());
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
