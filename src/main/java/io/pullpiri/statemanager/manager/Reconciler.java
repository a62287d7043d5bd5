// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.manager.DeadPackage.Task;
import io.pullpiri.statemanager.manager.Event.Recovery.RecoveryStep;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ReconcileVia;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ReconcileRecord;
import io.pullpiri.statemanager.view.ReconcileTargets;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends reconcile requests to ActionController for every dead package, one for each scenario of its
 * {@link ReconcileTargets}. It repeats them for as long as the package's reconcile record exists. An acknowledgement is not a
 * recovery: only the observed state removes the record. No method blocks, and all may be called from any thread.
 */
public final class Reconciler implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);

    /** How many calls are in flight at most, so that many dead packages do not flood ActionController. */
    private static final int CALLS_AT_ONCE = 32;

    /** The longest time between two calls while ActionController is away: a dead package must not wait long for its return. */
    private static final long LONGEST_WAIT_WHILE_AWAY = Duration.ofSeconds(10).toMillis();

    private final ActionController actionController;
    private final ReconcileTiming timing;
    private final Clock clock;
    private final Timer timer;

    // All guarded by this.
    private final Map<String, DeadPackage> deaths = new HashMap<>();
    private final Set<String> held = new HashSet<>();
    private final Map<RecoveryStep, Long> steps = new EnumMap<>(RecoveryStep.class);
    private final Queue<Task> queued = new ArrayDeque<>();
    private int calls;
    private boolean closed;
    private boolean suspended;
    private Consumer<Function<EventId, Event>> listener = event -> {};
    private Tracing tracing = Tracing.OFF;
    private BiFunction<Command, Duration, CompletableFuture<CommandResult>> commands = (command, timeout) ->
            CompletableFuture.completedFuture(new CommandResult.NotDurableYet("no loop is running"));
    private View view = View.EMPTY;
    private final NodeAgentTurn nodeAgentTurn = new NodeAgentTurn();
    private final Restarter restarter;

    /**
     * The progress of the requests for one scenario.
     *
     * @param attempts how often ActionController was called
     * @param failures how many of the last calls failed in a row
     * @param lastOutcome the outcome of the last call that ended, as text; empty if none has ended
     * @param nextInMillis the time until the next call; 0 while one is in flight
     */
    public record Progress(String scenario, int attempts, int failures, String lastOutcome, long nextInMillis) {}

    /** Makes a reconciler that sends no request before its first update. */
    public Reconciler(ActionController actionController, ReconcileTiming timing, Clock clock, Timer timer) {
        this.actionController = actionController;
        this.timing = timing;
        this.clock = clock;
        this.timer = timer;
        this.restarter = new Restarter(actionController, timing.restartTimeout(), clock, new RestarterOwner());
        // A counter must exist from the start, so that Prometheus sees its first increase.
        Arrays.stream(RecoveryStep.values()).forEach(step -> steps.put(step, 0L));
    }

    /** Sets the receivers of all steps and of all calls. */
    synchronized void setReceivers(Consumer<Function<EventId, Event>> listener, Tracing traces) {
        this.listener = listener;
        this.tracing = traces;
    }

    /** Sets the receiver of commands. */
    synchronized void setLoop(BiFunction<Command, Duration, CompletableFuture<CommandResult>> loop) {
        this.commands = loop;
    }

    /** Returns how often each step occurred since the start. */
    synchronized Map<RecoveryStep, Long> steps() {
        return new EnumMap<>(steps);
    }

    private void publish(RecoveryStep step, String packageName, String scenario, String detail) {
        steps.merge(step, 1L, Long::sum);
        long now = clock.now().wallNanos();
        listener.accept(id -> new Event.Recovery(id, now, step, packageName, scenario, detail));
    }

    /** Holds the calls for these packages until the next update, because their recovery is being committed. */
    // [impl->req~rec-recovery~1]
    synchronized void hold(Collection<String> packages) {
        held.addAll(packages);
    }

    /** Holds the calls for all packages until the next update. */
    synchronized void suspend() {
        suspended = true;
    }

    /** Brings the requests for these packages and for held ones in line with their records, and ends all holds. */
    synchronized void update(View next, Collection<String> packages) {
        view = next;
        Set<String> concerned = new HashSet<>(packages);
        concerned.addAll(held);
        held.clear();
        suspended = false;
        for (String name : concerned) {
            PackageEntry entry = view.packages().get(name);
            update(name, entry, ReconcileTargets.of(view, name).scenarios());
        }
    }

    /** Brings the requests for all packages in line with their records, and ends all holds. */
    // [impl->req~rec-restart~1]
    synchronized void updateAll(View next) {
        Set<String> concerned = new HashSet<>(deaths.keySet());
        next.packages().values().stream()
                .filter(entry -> entry.reconcile().value() != null)
                .forEach(entry -> concerned.add(entry.name()));
        update(next, concerned);
    }

    /** Returns the packages that are dead as of the last update. */
    synchronized Set<String> packages() {
        return Set.copyOf(deaths.keySet());
    }

    private void update(String name, @Nullable PackageEntry entry, Collection<String> scenarios) {
        ReconcileRecord record = entry == null ? null : entry.reconcile().value();
        DeadPackage known = deaths.get(name);
        if (known != null && (record == null || record.sinceNanos() != known.since)) {
            forget(name, known);
            if (entry != null) { // a deleted package has not recovered
                publish(RecoveryStep.RECOVERED, name, "", "package " + name + " is not dead any more");
            }
        }
        if (record == null) {
            return;
        }
        DeadPackage death = deaths.computeIfAbsent(name, any -> new DeadPackage(record.sinceNanos()));
        death.inPlace |= timing.via() == ReconcileVia.OFFLOAD;
        if (death.inPlace) {
            if (scenarios.isEmpty()) {
                restarter.end(name);
            } else {
                restarter.begin(name);
            }
            return;
        }
        TreeMap<String, Task> ofPackage = death.tasks;
        ofPackage.values().removeIf(task -> {
            task.cancelled = !scenarios.contains(task.scenario);
            return task.cancelled;
        });
        for (String scenario : scenarios) {
            Task task = ofPackage.get(scenario);
            if (task == null) {
                task = new Task(name, scenario);
                ofPackage.put(scenario, task);
                later(task, restOfDelay(record));
            } else if (!task.inFlight
                    && !task.queued
                    && task.nextNanos <= clock.now().monotonicNanos()) {
                // Its time came while the package was held.
                later(task, 0);
            }
        }
    }

    private void forget(String name, DeadPackage death) {
        deaths.remove(name);
        death.cancel();
        restarter.end(name);
        PackageEntry entry = view.packages().get(name);
        if (entry != null) {
            entry.modelNames().forEach(nodeAgentTurn::forget);
        }
    }

    private long restOfDelay(ReconcileRecord record) {
        Duration fixed = timing.delay();
        if (fixed == null) {
            return nodeAgentRest(record.name());
        }
        long dead = clock.now().wallNanos() - record.sinceNanos();
        return Math.clamp(fixed.toNanos() - dead, 0, fixed.toNanos());
    }

    /** Returns how many nanoseconds NodeAgent's turn at the dead models of a package may still take. */
    private long nodeAgentRest(String packageName) {
        PackageEntry entry = view.packages().get(packageName);
        long rest = 0;
        for (String name : entry == null ? List.<String>of() : entry.modelNames()) {
            ModelEntry model = view.models().get(name);
            if (model != null && model.counted() == ModelState.DEAD) {
                rest = Math.max(rest, nodeAgentTurn.restNanos(model, clock.now()));
            }
        }
        return rest;
    }

    /**
     * Begins again with a package, at an operator's request: Reconcile is called at once.
     *
     * @return false if the package is not dead
     */
    public synchronized boolean beginAgain(String packageName) {
        DeadPackage death = deaths.get(packageName);
        if (death == null) {
            return false;
        }
        forget(packageName, death);
        update(
                packageName,
                view.packages().get(packageName),
                ReconcileTargets.of(view, packageName).scenarios());
        DeadPackage again = deaths.get(packageName);
        if (again != null) {
            again.tasks.values().forEach(task -> later(task, 0));
        }
        return true;
    }

    /** Whether a model is being restarted in place. */
    public synchronized boolean isRestarted(String model) {
        return restarter.isRestarted(model);
    }

    private void later(Task task, long nanos) {
        task.nextNanos = clock.now().monotonicNanos() + nanos;
        timer.after(Duration.ofNanos(nanos), () -> call(task));
    }

    private synchronized void call(Task task) {
        if (!isDue(task)) {
            return;
        }
        long rest = timing.delay() == null ? nodeAgentRest(task.packageName) : 0;
        if (rest > 0) { // NodeAgent has begun another turn
            later(task, rest);
            return;
        }
        if (calls < CALLS_AT_ONCE) {
            begin(task);
        } else if (!task.queued) {
            task.queued = true;
            queued.add(task);
        }
    }

    private boolean isDue(Task task) {
        return !closed
                && !suspended
                && !task.cancelled
                && !task.inFlight
                && !held.contains(task.packageName)
                && !isOffloading(task.packageName)
                && task.nextNanos <= clock.now().monotonicNanos();
    }

    /** Whether a model of the package is being moved. A reconcile would interfere with that, so none is requested. */
    // [impl->req~off-reconcile~1]
    private boolean isOffloading(String packageName) {
        PackageEntry entry = view.packages().get(packageName);
        return entry != null && entry.modelNames().stream().anyMatch(view::isOffloading);
    }

    /** Starts a call. It holds the lock, so that no call starts after hold() has returned. It does not block. */
    private void begin(Task task) {
        calls++;
        task.inFlight = true;
        task.startedNanos = clock.now().monotonicNanos();
        task.attempts++;
        publish(RecoveryStep.REQUESTED, task.packageName, task.scenario, "request " + task.attempts);
        CompletableFuture<?> _ = actionController
                .reconcile(task.scenario, timing.timeout())
                .whenComplete((reply, failure) -> timer.after(Duration.ZERO, () -> ended(task, reply, failure)));
    }

    private synchronized void ended(
            Task task, ActionController.@Nullable ReconcileResult reply, @Nullable Throwable failure) {
        calls--;
        task.inFlight = false;
        boolean accepted = reply != null && reply.accepted();
        tracing.reconcile(
                task.packageName,
                task.scenario,
                task.startedNanos,
                accepted,
                accepted ? "" : reply != null ? reply.message() : Failures.describe(failure),
                clock.now());
        if (!task.cancelled && !closed) {
            if (accepted) {
                acknowledged(task);
            } else {
                if (reply == null) {
                    failed(task, "failed: " + Failures.describe(failure), LONGEST_WAIT_WHILE_AWAY);
                } else {
                    failed(task, "refused: " + reply.message(), Long.MAX_VALUE);
                }
                DeadPackage death = deaths.get(task.packageName);
                if (reply != null && timing.via() == ReconcileVia.AUTO && death != null) {
                    restartInPlace(task.packageName, death, task.lastOutcome);
                }
            }
        }
        // A queued task may have been cancelled in the meantime.
        while (calls < CALLS_AT_ONCE && !queued.isEmpty()) {
            Task next = queued.remove();
            next.queued = false;
            if (isDue(next)) {
                begin(next);
            }
        }
    }

    // [impl->req~rec-retry~2]
    private void acknowledged(Task task) {
        task.failures = 0;
        task.lastOutcome = "acknowledged";
        publish(RecoveryStep.ACKNOWLEDGED, task.packageName, task.scenario, task.lastOutcome);
        LOG.info(
                "reconcile of package {} acknowledged for scenario {}",
                LogText.printable(task.packageName),
                LogText.printable(task.scenario));
        later(task, timing.resync().toNanos());
        DeadPackage death = deaths.get(task.packageName);
        if (timing.via() == ReconcileVia.AUTO && death != null && !death.acknowledged) {
            death.acknowledged = true;
            timer.after(timing.patience(), () -> patienceIsOver(task.packageName, death));
        }
    }

    private synchronized void patienceIsOver(String packageName, DeadPackage death) {
        if (!closed && deaths.get(packageName) == death && !death.inPlace) {
            restartInPlace(
                    packageName,
                    death,
                    "it is still dead " + timing.patience().toSeconds() + " s after an acknowledgement");
        }
    }

    /** Restarts the dead models of a package in place until it recovers, because Reconcile does not bring it back. */
    // [impl->req~rec-restart-in-place~1]
    private void restartInPlace(String packageName, DeadPackage death, String why) {
        death.inPlace = true;
        death.cancel();
        LOG.info(
                "dead models of package {} are restarted in place: {}",
                LogText.printable(packageName),
                LogText.printable(why));
        restarter.begin(packageName);
    }

    // [impl->req~rec-retry~2]
    private void failed(Task task, String outcome, long longestWaitMillis) {
        task.failures++;
        task.lastOutcome = outcome;
        publish(RecoveryStep.FAILED, task.packageName, task.scenario, outcome);
        long wait = Math.min(timing.backoffMillis().applyAsLong(task.failures), longestWaitMillis);
        LOG.warn(
                "reconcile of package {} for scenario {} {}; next try in {} ms",
                LogText.printable(task.packageName),
                LogText.printable(task.scenario),
                LogText.printable(outcome),
                wait);
        later(task, TimeUnit.MILLISECONDS.toNanos(wait));
    }

    /** Returns the progress of the requests for a package, by scenario; empty if the package is not dead. */
    public synchronized List<Progress> progress(String packageName) {
        DeadPackage death = deaths.get(packageName);
        List<Progress> all = new ArrayList<>();
        if (death != null) {
            long now = clock.now().monotonicNanos();
            for (Task task : death.tasks.values()) {
                long next = task.inFlight || task.cancelled
                        ? 0
                        : Math.max(0, TimeUnit.NANOSECONDS.toMillis(task.nextNanos - now));
                all.add(new Progress(task.scenario, task.attempts, task.failures, task.lastOutcome, next));
            }
        }
        return all;
    }

    /**
     * Says why no request is sent for a dead package, and how far the restarts of its models are; empty if there is nothing to
     * say.
     */
    public synchronized String remark(String packageName) {
        if (!deaths.containsKey(packageName)) {
            return "";
        }
        String none = ReconcileTargets.of(view, packageName).whyNone();
        return none.isEmpty() ? String.join("; ", restarter.progress(packageName)) : none;
    }

    /** What the restarter needs of the reconciler. */
    private final class RestarterOwner implements Restarter.Owner {

        @Override
        public boolean mayCall(String packageName) {
            return !closed && !suspended && !held.contains(packageName) && !isOffloading(packageName);
        }

        @Override
        public View view() {
            return view;
        }

        @Override
        public void after(Duration delay, Runnable task) {
            timer.after(delay, () -> {
                synchronized (Reconciler.this) {
                    task.run();
                }
            });
        }

        @Override
        public CompletableFuture<CommandResult> submit(Command command, Duration timeout) {
            return commands.apply(command, timeout);
        }

        @Override
        public void publish(RecoveryStep step, String packageName, String scenario, String detail) {
            Reconciler.this.publish(step, packageName, scenario, detail);
        }

        @Override
        public NodeAgentTurn nodeAgentTurn() {
            return nodeAgentTurn;
        }

        @Override
        public long restNanos(ModelEntry model) {
            Duration fixed = timing.delay();
            return fixed == null
                    ? nodeAgentTurn.restNanos(model, clock.now())
                    : Math.max(0, fixed.toNanos() - NodeAgentTurn.sinceDeath(model, clock.now()));
        }
    }

    /** Stops: no call starts after this. */
    @Override
    public synchronized void close() {
        closed = true;
    }
}
