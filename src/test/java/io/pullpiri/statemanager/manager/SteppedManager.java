// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Owner;
import io.pullpiri.statemanager.view.Timestamp;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A manager whose loop and clock only the test moves. It has package {@code p} with model {@code m}. */
final class SteppedManager implements AutoCloseable {

    static final Duration SOON = Duration.ofSeconds(20);

    final FaultyStore store;
    final Manager manager;
    private final Queue<Runnable> rounds = new ConcurrentLinkedQueue<>(); // the watch's thread adds some too
    private final Queue<Runnable> alarms = new ConcurrentLinkedQueue<>();
    private final Queue<Runnable> calls = new ConcurrentLinkedQueue<>();

    /** The scenarios of the requests to ActionController. */
    final List<String> asked = new ArrayList<>();

    private long nanos = 1;

    /** @param queue how many commands may wait */
    SteppedManager(StateStore real, int queue) {
        this(real, queue, "first");
    }

    /** @param host the name of its host in the owner's record */
    SteppedManager(StateStore real, int queue, String host) {
        store = new FaultyStore(real);
        Clock clock = () -> new Timestamp(nanos, nanos);
        Rules rules = new Rules(
                Set.of(0),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                Rules.Vanished.EXITED,
                Set.of(PackageState.ERROR),
                false,
                100);
        Reconciler reconciler = new Reconciler(
                (scenario, timeout) -> {
                    asked.add(scenario);
                    return CompletableFuture.completedFuture(new ActionController.ReconcileResult(true, ""));
                },
                new ReconcileTiming(Duration.ZERO, Duration.ofMinutes(1), SOON, failures -> 1),
                clock,
                (delay, task) -> calls.add(task));
        manager = new Manager(
                store,
                new Cascade(rules, new Plan.TransactionLimits(128, 1 << 20, 1L << 40)),
                reconciler,
                new Owner("id-" + host, host, 1, "2026-01-01T00:00:00Z"),
                new ManagerLimits(SOON, queue, 1 << 30, 1 << 30, failures -> 1),
                clock,
                new Metrics(),
                Tracing.OFF,
                new ManagerThreads(rounds::add, Runnable::run, (delay, task) -> alarms.add(task)));
    }

    /** Reads the store, and stores the package. */
    void begin() {
        manager.start();
        turn();
        assertThat(manager.isReady()).isTrue();
        CompletableFuture<CommandResult> _ = submit(Command.ApplyArtifacts.parse(CascadeRig.packageYaml("p", "m")));
        turn();
    }

    CompletableFuture<CommandResult> submit(Command command) {
        return manager.submit(command, SOON);
    }

    CompletableFuture<CommandResult> set(ModelState state) {
        return submit(new Command.ModelChange("m", state, "", "test"));
    }

    /** Writes a key as another component, and waits for the watch event. The loop does not run. */
    void foreign(String key, String value) {
        store.put(key, value);
        Await.until(SOON, () -> "the watch reports " + key, store::hasReportedAll);
    }

    /** Runs rounds until nothing is left to do at this time, and the watch has reported everything. */
    void turn() {
        do {
            while (!rounds.isEmpty()) {
                rounds.remove().run();
            }
            // The watch wakes the loop from its own thread, so a round may be added after the queue was empty.
            Await.until(SOON, () -> "the watch reports everything", store::hasReportedAll);
        } while (!rounds.isEmpty());
    }

    /** Makes the package dead; no request is sent yet. */
    void die(String scenario) {
        var _ = submit(Command.ApplyArtifacts.parse(CascadeRig.scenarioYaml(scenario, "p")));
        var _ = set(ModelState.DEAD);
        turn();
    }

    /** Sends the requests to ActionController that are due. */
    void call() {
        List<Runnable> due = new ArrayList<>(calls);
        calls.clear();
        due.forEach(Runnable::run);
    }

    /** Closes the manager. */
    void stop() {
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(manager::close);
        Await.until(SOON, () -> "it stops", () -> {
            turn();
            return stopped.isDone();
        });
        stopped.join();
    }

    /** Moves the clock; the loop does not run. */
    void elapse(Duration time) {
        nanos += time.toNanos();
    }

    /** Ends the pause after a failure, and runs the loop. */
    void pass() {
        elapse(Duration.ofSeconds(1));
        List<Runnable> due = new ArrayList<>(alarms);
        alarms.clear();
        due.forEach(Runnable::run);
        turn();
    }

    @Override
    public void close() {
        store.close();
    }
}
