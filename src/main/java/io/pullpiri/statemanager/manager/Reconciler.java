package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.manager.Event.Recovery.RecoveryStep;
import io.pullpiri.statemanager.state.LogText;
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
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends reconcile requests to ActionController for every dead package, one for each scenario of its
 * {@link ReconcileTargets}. It repeats
 * them for as long as the package's reconcile record exists. An acknowledgement is not a recovery: only the observed state
 * removes the record. No method blocks, and all may be called from any thread.
 */
public final class Reconciler implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);

    /** How many calls are in flight at most, so that many dead packages do not flood ActionController. */
    private static final int CALLS_AT_ONCE = 32;

    private final ActionController actionController;
    private final Timing timing;
    private final Clock clock;
    private final Timer timer;

    // All guarded by this.
    private final Map<String, Death> deaths = new HashMap<>();
    private final Set<String> held = new HashSet<>();
    private final Map<RecoveryStep, Long> steps = new EnumMap<>(RecoveryStep.class);
    private final Queue<Task> queued = new ArrayDeque<>();
    private int calls;
    private boolean closed;
    private boolean suspended;
    private Consumer<Function<EventId, Event>> listener = event -> {};
    private Tracing tracing = Tracing.OFF;

    /**
     * When calls are made.
     *
     * @param delay between a package's death and the first call
     * @param resync after which an acknowledged call is repeated if the package is still dead
     * @param timeout of one call
     * @param backoffMillis how long to wait after a number of failures in a row, which is at least one
     */
    public record Timing(Duration delay, Duration resync, Duration timeout, IntToLongFunction backoffMillis) {}

    /**
     * The progress of the requests for one scenario.
     *
     * @param attempts how often ActionController was called
     * @param failures how many of the last calls failed in a row
     * @param lastOutcome the outcome of the last call that ended, as text; empty if none has ended
     * @param nextInMillis the time until the next call; 0 while one is in flight
     */
    public record Progress(String scenario, int attempts, int failures, String lastOutcome, long nextInMillis) {}

    /**
     * A dead package.
     *
     * @param since from its reconcile record; a record with another value is a new death
     * @param tasks the requests, by scenario
     */
    private record Death(long since, TreeMap<String, Task> tasks) {}

    /** The requests for one package and one scenario. */
    private static final class Task {

        final String packageName;
        final String scenario;
        int attempts;
        int failures;
        String lastOutcome = "";
        long nextNanos;
        boolean inFlight;
        boolean queued;
        long startedNanos;
        boolean cancelled;

        Task(String packageName, String scenario) {
            this.packageName = packageName;
            this.scenario = scenario;
        }
    }

    /** Makes a reconciler that sends no request before its first update. */
    public Reconciler(ActionController actionController, Timing timing, Clock clock, Timer timer) {
        this.actionController = actionController;
        this.timing = timing;
        this.clock = clock;
        this.timer = timer;
        // A counter must exist from the start, so that Prometheus sees its first increase.
        Arrays.stream(RecoveryStep.values()).forEach(step -> steps.put(step, 0L));
    }

    /** Sets the receivers of all steps and of all calls. */
    synchronized void setReceivers(Consumer<Function<EventId, Event>> listener, Tracing traces) {
        this.listener = listener;
        this.tracing = traces;
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
    synchronized void update(View view, Collection<String> packages) {
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
    synchronized void updateAll(View view) {
        Set<String> concerned = new HashSet<>(deaths.keySet());
        view.packages().values().stream()
                .filter(entry -> entry.reconcile().value() != null)
                .forEach(entry -> concerned.add(entry.name()));
        update(view, concerned);
    }

    /** Returns the packages that are dead as of the last update. */
    synchronized Set<String> packages() {
        return Set.copyOf(deaths.keySet());
    }

    private void update(String name, @Nullable PackageEntry entry, Collection<String> scenarios) {
        ReconcileRecord record = entry == null ? null : entry.reconcile().value();
        Death known = deaths.get(name);
        if (known != null && (record == null || record.sinceNanos() != known.since)) {
            deaths.remove(name);
            known.tasks.values().forEach(task -> task.cancelled = true);
            if (entry != null) { // a deleted package has not recovered
                publish(RecoveryStep.RECOVERED, name, "", "package " + name + " is not dead any more");
            }
        }
        if (record == null) {
            return;
        }
        TreeMap<String, Task> ofPackage =
                deaths.computeIfAbsent(name, any -> new Death(record.sinceNanos(), new TreeMap<>())).tasks;
        ofPackage.values().removeIf(task -> {
            task.cancelled = !scenarios.contains(task.scenario);
            return task.cancelled;
        });
        for (String scenario : scenarios) {
            Task task = ofPackage.get(scenario);
            if (task == null) {
                task = new Task(name, scenario);
                ofPackage.put(scenario, task);
                long dead = clock.now().wallNanos() - record.sinceNanos();
                long delay = timing.delay().toNanos();
                later(task, Math.clamp(delay - dead, 0, delay));
            } else if (!task.inFlight
                    && !task.queued
                    && task.nextNanos <= clock.now().monotonicNanos()) {
                // Its time came while the package was held.
                later(task, 0);
            }
        }
    }

    private void later(Task task, long nanos) {
        task.nextNanos = clock.now().monotonicNanos() + nanos;
        timer.after(Duration.ofNanos(nanos), () -> call(task));
    }

    private synchronized void call(Task task) {
        if (!isDue(task)) {
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
                && task.nextNanos <= clock.now().monotonicNanos();
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
                failed(task, reply != null ? "refused: " + reply.message() : "failed: " + Failures.describe(failure));
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

    // [impl->req~rec-retry~1]
    private void acknowledged(Task task) {
        task.failures = 0;
        task.lastOutcome = "acknowledged";
        publish(RecoveryStep.ACKNOWLEDGED, task.packageName, task.scenario, task.lastOutcome);
        LOG.info(
                "reconcile of package {} acknowledged for scenario {}",
                LogText.printable(task.packageName),
                LogText.printable(task.scenario));
        later(task, timing.resync().toNanos());
    }

    // [impl->req~rec-retry~1]
    private void failed(Task task, String outcome) {
        task.failures++;
        task.lastOutcome = outcome;
        publish(RecoveryStep.FAILED, task.packageName, task.scenario, outcome);
        long wait = timing.backoffMillis().applyAsLong(task.failures);
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
        Death death = deaths.get(packageName);
        List<Progress> all = new ArrayList<>();
        if (death != null) {
            long now = clock.now().monotonicNanos();
            for (Task task : death.tasks.values()) {
                long next = task.inFlight ? 0 : Math.max(0, TimeUnit.NANOSECONDS.toMillis(task.nextNanos - now));
                all.add(new Progress(task.scenario, task.attempts, task.failures, task.lastOutcome, next));
            }
        }
        return all;
    }

    /** Stops: no call starts after this. */
    @Override
    public synchronized void close() {
        closed = true;
    }
}
