// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import static io.pullpiri.statemanager.simulation.Witness.require;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.ManagerLimits;
import io.pullpiri.statemanager.manager.ManagerThreads;
import io.pullpiri.statemanager.manager.Metrics;
import io.pullpiri.statemanager.manager.Reconciler;
import io.pullpiri.statemanager.manager.Tracing;
import io.pullpiri.statemanager.simulation.Action.Step;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.testing.SpecificationTables;
import io.pullpiri.statemanager.view.Owner;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.View;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Runs one day: the manager, the cascade and the reconciler of the program, with a simulated clock, store and peers. The same day
 * always gives the same result.
 */
final class Simulation {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Longer than any delay, backoff and grace period. */
    private static final long CALM = TimeUnit.SECONDS.toNanos(40);

    private final Day day;
    private final Sabotage sabotage;
    private final Counts counts;
    private final Trace trace;
    private final Random chance;
    private final VirtualTime time = new VirtualTime();
    private final SimulatedWeather weather;
    private final SimulatedStore store;
    private final Witness witness;
    private final SimulatedController controller;
    private final Map<String, List<List<String>>> reports = new TreeMap<>();
    private final Map<String, List<@Nullable String>> artifacts = new HashMap<>();

    /** The time, in ticks, until which a node may be forgotten after its list, because a request to forget it was open. */
    private final Map<String, Long> forgottenUntil = new HashMap<>();

    private Life life;
    private @Nullable Subscriber subscriber;
    private Witness.@Nullable Broken broken;
    private int steps;
    private int transitionIds;
    private int lives;

    private Simulation(Day day, Sabotage sabotage, Counts counts, @Nullable Consumer<String> reader) {
        this.day = day;
        this.trace = new Trace(time, reader);
        this.counts = counts;
        this.chance = new Random(~day.seed());
        this.weather = new SimulatedWeather(time, chance, counts, trace, PATIENCE);
        // A command writes at most 18 keys, and the journal has 5 writes, so two commands may not fit together.
        this.store = new SimulatedStore(weather, sabotage, day.roomy() ? 24 : 9);
        this.sabotage = sabotage;
        this.witness = new Witness(store, time, counts, day.roomy(), trace);
        this.controller = new SimulatedController(day, sabotage, counts, trace, store, weather, witness);
        this.life = new Life();
    }

    /** Runs a day without a trace. */
    static @Nullable String run(Day day, Sabotage sabotage, Counts counts) {
        return run(day, sabotage, counts, null);
    }

    /**
     * Runs a day.
     *
     * @param sabotage a defect that the day should notice
     * @param reader gets a line for everything that happens
     * @return the promise that was broken, null if none was
     */
    static @Nullable String run(Day day, Sabotage sabotage, Counts counts, @Nullable Consumer<String> reader) {
        Errors errors = Errors.begin();
        try {
            new Simulation(day, sabotage, counts, reader).pass();
            return errors.first();
        } catch (Witness.Broken e) {
            return e.getMessage();
        } catch (RuntimeException | Error e) {
            StringWriter text = new StringWriter();
            e.printStackTrace(new PrintWriter(text));
            return text.toString();
        } finally {
            errors.end();
        }
    }

    private void pass() {
        life.begin();
        for (Step step : day.steps()) {
            passUntil(time.ticks() + TimeUnit.MILLISECONDS.toNanos(step.waitMillis()) + chance.nextInt(500_000));
            counts.add("steps");
            trace.add("step", "%d %s", ++steps, step.action());
            act(step.action());
        }
        calm();
    }

    private void act(Action action) {
        switch (action) {
            case Action.Report report -> {
                counts.add(report.containers().isEmpty() ? "empty report" : "report");
                send(report.node(), report.containers(), answer -> {});
            }
            case Action.Repeat repeat -> {
                List<List<String>> sent = reports.getOrDefault(repeat.node(), List.of());
                if (!sent.isEmpty()) {
                    counts.add("repeated or reordered report");
                    send(repeat.node(), sent.get(chance.nextInt(sent.size())), answer -> {});
                }
            }
            case Action.Forget forget -> {
                counts.add("forget node");
                forget(forget.node(), forget.force());
            }
            case Action.ChangeModel change ->
                ask(
                        ResourceKind.MODEL,
                        change.model(),
                        change.state().name(),
                        new Command.ModelChange(change.model(), change.state(), id(), "sim"));
            case Action.StepScenario step -> askStep(step);
            case Action.Apply apply -> ask(apply.key(), apply.yaml(), Command.ApplyArtifacts.parse(apply.yaml()));
            case Action.Delete delete -> ask(delete.key(), null, Command.DeleteArtifacts.parse(delete.yaml()));
            case Action.Write write -> {
                counts.add("other writer");
                store.put(write.key(), write.value());
            }
            case Action.Crash crash -> crash();
            case Action.Befall befall -> weather.add(befall.fate());
            case Action.Outage outage -> {
                counts.add("outage");
                weather.beginOutage(Duration.ofMillis(outage.millis()));
            }
            case Action.Refusal refusal -> {
                counts.add("refusal");
                weather.beginRefusals(Duration.ofMillis(refusal.millis()));
            }
            case Action.Compact compact -> {
                counts.add("compaction");
                store.compact();
                store.loseWatches();
            }
            case Action.CutWatches cut -> counts.add("watch cut", store.loseWatches());
            case Action.Turn turn -> controller.turn(turn.mood());
            case Action.SetClock set -> {
                counts.add("clock jump");
                time.jump(Duration.ofSeconds(set.seconds()));
            }
            case Action.Read read -> read();
        }
    }

    private String id() {
        return "id-" + ++transitionIds;
    }

    private static boolean isState(@Nullable String value, String state) {
        return value != null && SpecificationTables.name(value).equals(state);
    }

    private void send(String node, List<String> containers, Consumer<CommandResult> whenAnswered) {
        List<List<String>> sent = reports.computeIfAbsent(node, any -> new ArrayList<>());
        sent.add(containers);
        int number = sent.size();
        List<ContainerFacts> facts =
                containers.stream().map(CascadeRig::container).toList();
        long at = time.ticks();
        submit(
                new Command.NodeReport(node, facts),
                recorded -> require(
                        forgottenUntil.getOrDefault(node, Long.MIN_VALUE) >= at
                                || StoredNodeStates.of(store.value(Keys.node(node)))
                                        .isOneOf(sent.subList(number - 1, sent.size())),
                        "acknowledged, and not stored: report %d of %s: %s, but %s",
                        number,
                        node,
                        containers,
                        store.value(Keys.node(node))),
                whenAnswered);
    }

    private void forget(String node, boolean force) {
        int sent = reports.getOrDefault(node, List.of()).size();
        forgottenUntil.put(node, Long.MAX_VALUE);
        submit(
                new Command.ForgetNode(node, force, "sim"),
                recorded -> require(
                        store.value(Keys.node(node)) == null
                                || reports.getOrDefault(node, List.of()).size() > sent,
                        "acknowledged, and not stored: node %s is forgotten, but there is %s",
                        node,
                        store.value(Keys.node(node))),
                // A command whose caller stopped waiting may still be in flight.
                answer -> forgottenUntil.put(
                        node, time.ticks() + (answer instanceof CommandResult.NotDurableYet ? CALM / 2 : 0)));
    }

    private void ask(ResourceKind kind, String name, String state, Command command) {
        String key = Witness.key(kind, name);
        boolean before = isState(store.value(key), state);
        int since = store.log().size();
        long asked = time.ticks();
        submit(
                command,
                recorded -> require(
                        before
                                || witness.isForeign(key, asked)
                                || wasWritten(key, value -> isState(value, state), since)
                                || witness.becameSince(recorded, kind, name, state),
                        "acknowledged, and not stored: %s",
                        command));
    }

    /**
     * Requests a step of a scenario. A new round that comes too soon is acknowledged and not recorded: then the answer names
     * the state that the scenario keeps, and that state must be stored.
     */
    private void askStep(Action.StepScenario step) {
        String key = Keys.scenarioState(step.scenario());
        int since = store.log().size();
        long asked = time.ticks();
        String before = store.value(key);
        Command request = new Command.ScenarioChange(
                step.scenario(), step.current(), step.target(), id(), time.now().wallNanos(), "sim");
        AtomicReference<String> named = new AtomicReference<>("");
        submit(
                request,
                recorded -> require(
                        isState(before, named.get())
                                || witness.isForeign(key, asked)
                                || wasWritten(key, value -> isState(value, named.get()), since)
                                || witness.becameSince(recorded, ResourceKind.SCENARIO, step.scenario(), named.get()),
                        "acknowledged as %s, and not stored: %s",
                        named.get(),
                        request),
                answer -> {
                    if (answer instanceof CommandResult.Done done) {
                        String state = done.message().substring(done.message().lastIndexOf(' ') + 1);
                        named.set(state.toUpperCase(Locale.ROOT));
                    }
                });
    }

    /** @param yaml null if the artifact is deleted */
    private void ask(String key, @Nullable String yaml, Command command) {
        counts.add((yaml == null ? "delete " : "apply ") + key.substring(0, key.indexOf('/')));
        List<@Nullable String> all = artifacts.computeIfAbsent(key, any -> new ArrayList<>());
        all.add(yaml);
        int number = all.size();
        int before = store.log().size();
        long asked = time.ticks();
        submit(
                command,
                recorded -> require(
                        all.subList(number - 1, all.size()).contains(store.value(key))
                                || witness.isForeign(key, asked)
                                || wasWritten(key, value -> Objects.equals(value, yaml), before),
                        "acknowledged, and not stored: %s is to be %s",
                        key,
                        yaml));
    }

    private boolean wasWritten(String key, Predicate<@Nullable String> wanted, int since) {
        return store.log().subList(since, store.log().size()).stream()
                .flatMap(commit -> commit.changes().stream())
                .anyMatch(change -> change.key().equals(key) && wanted.test(change.value()));
    }

    private void submit(Command command, IntConsumer check) {
        submit(command, check, answer -> {});
    }

    private void submit(Command command, IntConsumer check, Consumer<CommandResult> whenAnswered) {
        int recorded = witness.recorded().size();
        Life sender = life;
        int step = steps;
        var _ = life.manager.submit(command, PATIENCE).thenAccept(answer -> {
            if (sender == life) {
                counts.add("answer " + answer.getClass().getSimpleName());
                trace.add("answer", "%d %s", step, answer);
                whenAnswered.accept(answer);
                if (answer instanceof CommandResult.Done || answer instanceof CommandResult.ArtifactsDone) {
                    check(() -> check.accept(recorded));
                }
                boolean odd =
                        answer instanceof CommandResult.Rejected || answer instanceof CommandResult.ResourceExhausted;
                check(() -> require(!odd, "answered %s: %s", answer, command));
            }
        });
    }

    /** Runs a check inside a callback that would swallow its exception. */
    private void check(Runnable promise) {
        try {
            promise.run();
        } catch (Witness.Broken e) {
            broken = broken == null ? e : broken;
        }
    }

    private void passUntil(long ticks) {
        time.runUntil(ticks);
        if (broken != null) {
            throw broken;
        }
    }

    private void crash() {
        counts.add(weather.hasCommitInFlight() ? "crash with a commit in flight" : "crash");
        if (subscriber != null) {
            subscriber.disconnected();
        }
        store.hangUp();
        // A commit of the killed process lands before the new process reads, or it fails.
        forgottenUntil.replaceAll((node, until) -> Math.min(until, time.ticks()));
        life = new Life();
        life.begin();
    }

    private void read() {
        if (!life.ready) {
            return;
        }
        if (subscriber == null) {
            subscriber = new Subscriber(witness, counts, trace);
        }
        subscriber.read(life.manager.feed());
    }

    /** Ends all faults, and checks that every state follows from the rules, and that reports are answered. */
    private void calm() {
        weather.clear();
        controller.calm();
        passUntil(time.ticks() + CALM);
        require(life.ready && life.manager.isReady(), "quiet: not ready");
        Map<String, List<String>> last = new TreeMap<>();
        Map<String, CommandResult> answers = new TreeMap<>();
        for (String node : Day.NODES) {
            List<List<String>> sent = reports.getOrDefault(node, List.of(List.of()));
            last.put(node, sent.getLast());
            trace.add("step", "%d Report[node=%s, containers=%s], as all is quiet", ++steps, node, sent.getLast());
            send(node, sent.getLast(), answer -> answers.put(node, answer));
        }
        passUntil(time.ticks() + CALM);
        for (String node : Day.NODES) {
            require(
                    answers.get(node) instanceof CommandResult.Done,
                    "quiet: the report of node %s is answered %s",
                    node,
                    answers.get(node));
        }
        require(life.manager.waiting() == 0, "quiet: %d commands wait", life.manager.waiting());
        require(store.watches() == 1, "quiet: %d watches are open (expected: 1)", store.watches());
        witness.quiet(last);
        passUntil(time.ticks() + controller.rest().toNanos());
        controller.requireActedOn();
        read();
        if (subscriber != null) {
            subscriber.requireUpToDate();
        }
    }

    /** One run of the program, from its start to its crash. */
    private final class Life {

        private final Manager manager;
        private boolean ready;

        Life() {
            Cascade cascade = new Cascade(
                    sabotage.rules(CascadeRig.RULES),
                    new Plan.TransactionLimits(store.maxWrites(), store.maxBytes(), 1L << 40));
            Reconciler reconciler = new Reconciler(
                    controller.connect(this::view, this::after), controller.timing(PATIENCE), time, this::after);
            manager = new Manager(
                    store,
                    cascade,
                    reconciler,
                    new Owner("life-" + ++lives, "vehicle", lives, "2026-01-01T00:00:00Z"),
                    new ManagerLimits(PATIENCE, 1_000, 1 << 30, 1 << 30, failures -> 50L << Math.min(failures, 4)),
                    time,
                    new Metrics(),
                    Tracing.OFF,
                    new ManagerThreads(
                            task -> time.inOrder(this, weather.jitter(), guarded(task)),
                            task -> after(weather.jitter(), task),
                            this::after));
        }

        private View view() {
            return manager.view();
        }

        void begin() {
            manager.onReadiness(now -> ready |= now);
            manager.start();
        }

        private void after(Duration delay, Runnable task) {
            time.after(delay, guarded(task));
        }

        /** Drops the tasks of a process that was killed. */
        private Runnable guarded(Runnable task) {
            return () -> {
                if (life == this) {
                    task.run();
                }
            };
        }
    }
}
