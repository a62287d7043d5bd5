package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
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

/** A manager whose loop and clock a test turns by hand, with package {@code p} of model {@code m}. */
final class SteppedManager implements AutoCloseable {

    static final Duration SOON = Duration.ofSeconds(20);

    final FaultyStore store;
    final Manager manager;
    private final Queue<Runnable> rounds = new ConcurrentLinkedQueue<>(); // the watch adds some, too
    private final Queue<Runnable> alarms = new ConcurrentLinkedQueue<>();
    private final Queue<Runnable> calls = new ConcurrentLinkedQueue<>();

    /** Which scenarios ActionController was asked for. */
    final List<String> asked = new ArrayList<>();

    private long nanos = 1;

    /** @param queue how many commands may wait */
    SteppedManager(StateStore real, int queue) {
        this(real, queue, "first");
    }

    /** @param host its name in the owner's record */
    SteppedManager(StateStore real, int queue, String host) {
        store = new FaultyStore(real);
        Clock clock = () -> new Timestamp(nanos, nanos);
        Rules rules =
                new Rules(Set.of(0), Duration.ZERO, Rules.Vanished.EXITED, Set.of(PackageState.ERROR), false, 100);
        Reconciler reconciler = new Reconciler(
                (scenario, timeout) -> {
                    asked.add(scenario);
                    return CompletableFuture.completedFuture(new ActionController.ReconcileResult(true, ""));
                },
                new Reconciler.Timing(Duration.ZERO, Duration.ofMinutes(1), SOON, failures -> 1),
                clock,
                (delay, task) -> calls.add(task));
        manager = new Manager(
                store,
                new Cascade(rules, new Cascade.TransactionLimits(128, 1 << 20, 1L << 40)),
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

    /** Another component writes a key, and the watch has said so; the loop has not turned. */
    void foreign(String key, String value) {
        store.put(key, value);
        Await.until(SOON, () -> "the watch has told of " + key, store::hasToldAll);
    }

    /** Until nothing is left to do at this moment, and the watch has told of it. */
    void turn() {
        do {
            while (!rounds.isEmpty()) {
                rounds.remove().run();
            }
            // It wakes the loop from a thread of its own: whoever came between would be passed over.
            Await.until(SOON, () -> "the watch has told all", store::hasToldAll);
        } while (!rounds.isEmpty());
    }

    /** The package dies; nobody has been called yet. */
    void die(String scenario) {
        var _ = submit(Command.ApplyArtifacts.parse(CascadeRig.scenarioYaml(scenario, "p")));
        var _ = set(ModelState.DEAD);
        turn();
    }

    /** Begins the calls to ActionController that are due. */
    void call() {
        List<Runnable> due = new ArrayList<>(calls);
        calls.clear();
        due.forEach(Runnable::run);
    }

    /** Stops it in an orderly way. */
    void stop() {
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(manager::close);
        Await.until(SOON, () -> "it stops", () -> {
            turn();
            return stopped.isDone();
        });
        stopped.join();
    }

    /** Time goes by; the loop does not turn. */
    void elapse(Duration time) {
        nanos += time.toNanos();
    }

    /** The pause after a failure is over. */
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
