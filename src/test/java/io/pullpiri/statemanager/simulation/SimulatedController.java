// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import static io.pullpiri.statemanager.simulation.Witness.require;

import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.artifact.ModelArtifact;
import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.manager.ActionController;
import io.pullpiri.statemanager.manager.ReconcileTiming;
import io.pullpiri.statemanager.manager.Timer;
import io.pullpiri.statemanager.simulation.Action.Mood;
import io.pullpiri.statemanager.state.ReconcileVia;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.view.OffloadRequest;
import io.pullpiri.statemanager.view.RecordCodec;
import io.pullpiri.statemanager.view.RestartRecord;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The ActionController of a day. It answers as its mood is, and checks each call when it begins. On one day of four, dead models
 * are restarted in place after a refusal; on the others, only Reconcile is called.
 */
final class SimulatedController {

    private static final Duration RESYNC = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int MOST_RESTARTS = 5;
    private static final int MOST_AT_ONCE = 4;

    private final boolean restarts;
    private final Sabotage sabotage;
    private final Counts counts;
    private final Trace trace;
    private final SimulatedStore store;
    private final SimulatedWeather weather;
    private final Witness witness;

    private final Map<String, Integer> accepted = new HashMap<>();
    private final Map<String, Integer> restarted = new HashMap<>();
    private final Set<String> busyNodes = new HashSet<>();
    private Mood mood = Mood.ACCEPTS;

    SimulatedController(
            Day day,
            Sabotage sabotage,
            Counts counts,
            Trace trace,
            SimulatedStore store,
            SimulatedWeather weather,
            Witness witness) {
        this.restarts = day.seed() % 4 == 1;
        this.sabotage = sabotage;
        this.counts = counts;
        this.trace = trace;
        this.store = store;
        this.weather = weather;
        this.witness = witness;
    }

    void turn(Mood next) {
        mood = next;
    }

    /** Ends the faults. On days with restarts, Reconcile is refused at rest, as Pullpiri's ActionController does. */
    void calm() {
        mood = restarts ? Mood.REFUSES : Mood.ACCEPTS;
    }

    /** How long dead packages are observed at rest: five restarts of a model take less. */
    Duration rest() {
        return restarts ? Duration.ofMinutes(5) : Duration.ZERO;
    }

    ReconcileTiming timing(Duration timeout) {
        return new ReconcileTiming(
                Duration.ZERO,
                RESYNC,
                timeout,
                failures -> 100L << Math.min(failures, 4),
                restarts ? ReconcileVia.AUTO : ReconcileVia.RECONCILE,
                PATIENCE,
                timeout);
    }

    /** Serves one run of the program. The calls of the run before have ended with it. */
    ActionController connect(Supplier<View> view, Timer timer) {
        busyNodes.clear();
        return new ActionController() {

            @Override
            public CompletableFuture<ReconcileResult> reconcile(String scenario, Duration timeout) {
                return SimulatedController.this.reconcile(view.get(), timer, scenario, timeout);
            }

            @Override
            public CompletableFuture<OffloadResult> offload(OffloadRequest request, Duration timeout) {
                return restart(timer, request, timeout);
            }
        };
    }

    private CompletableFuture<ActionController.ReconcileResult> reconcile(
            View view, Timer timer, String scenario, Duration timeout) {
        ScenarioEntry entry = view.scenarios().get(scenario);
        String target = entry == null || entry.artifact().good() == null
                ? null
                : entry.artifact().good().target();
        CompletableFuture<ActionController.ReconcileResult> reply = new CompletableFuture<>();
        if (sabotage == Sabotage.CALLS_LATE) {
            timer.after(Duration.ofSeconds(1), () -> begin(timer, scenario, target, timeout, reply));
        } else if (sabotage != Sabotage.SENDS_NO_REQUEST) {
            begin(timer, scenario, target, timeout, reply);
        }
        return reply;
    }

    private void begin(
            Timer timer,
            String scenario,
            @Nullable String target,
            Duration timeout,
            CompletableFuture<ActionController.ReconcileResult> reply) {
        counts.add("ActionController " + mood);
        trace.add("call", "scenario %s of package %s: ActionController %s", scenario, target, mood);
        witness.called(scenario, target);
        if (mood == Mood.ACCEPTS) {
            accepted.put(target + " " + scenario, store.log().size());
        }
        switch (mood) {
            case ACCEPTS, REFUSES -> {
                ActionController.ReconcileResult answer =
                        new ActionController.ReconcileResult(mood == Mood.ACCEPTS, "so be it");
                timer.after(weather.jitter(), () -> reply.complete(answer));
            }
            case FAILS ->
                timer.after(weather.jitter(), () -> reply.completeExceptionally(new IllegalStateException("down")));
            case KEEPS_SILENT ->
                timer.after(timeout, () -> reply.completeExceptionally(new TimeoutException("no reply in time")));
        }
    }

    private CompletableFuture<ActionController.OffloadResult> restart(
            Timer timer, OffloadRequest request, Duration timeout) {
        CompletableFuture<ActionController.OffloadResult> reply = new CompletableFuture<>();
        if (sabotage == Sabotage.SENDS_NO_RESTART) {
            return reply;
        }
        String model = request.modelName();
        String node = request.sourceNode();
        counts.add("restart in place");
        trace.add("call", "restart of model %s of package %s on %s: %s", model, request.packageName(), node, mood);
        require(restarts, "model %s is restarted in place on a day without restarts", model);
        witness.called(request.scenarioName(), request.packageName());
        int attempts = attempts(model);
        require(isCounted(model), "the restart of model %s is not counted before the call", model);
        require(attempts <= MOST_RESTARTS, "model %s is restarted %d times", model, attempts);
        require(node.equals(request.targetNode()), "model %s is restarted on another node", model);
        require(busyNodes.add(node), "two models are restarted at once on node %s", node);
        require(busyNodes.size() <= MOST_AT_ONCE, "%d models are restarted at once", busyNodes.size());
        restarted.put(model, store.log().size());
        Mood now = mood;
        timer.after(now == Mood.KEEPS_SILENT ? timeout : weather.jitter(), () -> {
            busyNodes.remove(node);
            switch (now) {
                case ACCEPTS, REFUSES -> reply.complete(new ActionController.OffloadResult(true, "started", ""));
                case FAILS -> reply.completeExceptionally(new ActionController.AwayException("down", null));
                case KEEPS_SILENT -> reply.completeExceptionally(new TimeoutException("no reply in time"));
            }
        });
        return reply;
    }

    /** Whether its record was written since the last call, or an artifact, which deletes the record in the same commit. */
    private boolean isCounted(String model) {
        return store.log().subList(restarted.getOrDefault(model, 0), store.log().size()).stream()
                .flatMap(commit -> commit.changes().stream())
                .anyMatch(change -> change.value() != null
                        && (change.key().equals(Keys.restart(model))
                                || change.key().startsWith(PackageArtifact.KIND + "/")
                                || change.key().equals(Keys.artifact(ModelArtifact.KIND, model))));
    }

    private int attempts(String model) {
        String text = store.value(Keys.restart(model));
        RestartRecord record = text == null ? null : RecordCodec.parse(text, RestartRecord.class);
        return record == null ? 0 : record.attempts();
    }

    /** Checks at rest that every dead package was acted on since its death. */
    void requireActedOn() {
        for (String name : Day.PACKAGES) {
            Integer since = witness.deadSince(name);
            if (since == null) {
                continue;
            }
            List<String> scenarios = witness.scenariosOf(name);
            if (restarts && !scenarios.isEmpty()) {
                models(name).forEach(model -> requireRestarted(name, model, since));
                counts.add("package with restarts compared at rest");
                continue;
            }
            for (String scenario : scenarios) {
                require(
                        accepted.getOrDefault(name + " " + scenario, -1) >= since,
                        "package %s is dead, and ActionController received no request for scenario %s",
                        name,
                        scenario);
                counts.add("dead package compared at rest");
            }
        }
    }

    private void requireRestarted(String name, String model, int since) {
        boolean placed = Day.NODES.stream()
                .map(node -> StoredNodeStates.counted(store.value(Keys.node(node))))
                .flatMap(node -> node.ofModel(model))
                .anyMatch("DEAD"::equals);
        // A model whose node is not known, because no container of it is dead, cannot be restarted in place.
        if (placed) {
            require(
                    restarted.getOrDefault(model, -1) >= since || attempts(model) >= MOST_RESTARTS,
                    "package %s is dead, and model %s was not restarted in place",
                    name,
                    model);
            counts.add("dead model compared at rest");
        }
    }

    private List<String> models(String name) {
        String text = store.value(Keys.artifact(PackageArtifact.KIND, name));
        try {
            return text != null && ArtifactParser.parse(text) instanceof PackageArtifact artifact
                    ? artifact.models().stream()
                            .map(PackageArtifact.ModelRef::name)
                            .toList()
                    : List.of();
        } catch (BrokenArtifactException e) {
            return List.of();
        }
    }
}
