// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.view.Owner;
import io.pullpiri.statemanager.view.Transition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The contract of the loop with every store. */
// [utest->req~wire-status~1]
abstract class ManagerContract {

    static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final String BRAKING =
            "kind: Package\nmetadata: {name: braking}\nspec: {models: [{name: brake}, {name: light}]}";
    private static final String DRIVE = "kind: Scenario\nmetadata: {name: drive}\nspec: {target: braking}";

    private final ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    FaultyStore store;
    Manager manager;

    /** Opens the store; a second call reopens the same data. */
    abstract StateStore openStore() throws Exception;

    @BeforeEach
    void setUp() throws Exception {
        start(1_000, Integer.MAX_VALUE);
    }

    @AfterEach
    void tearDown() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    final void start(int queue) throws Exception {
        start(queue, Integer.MAX_VALUE);
    }

    private void start(int queue, int mostBytes) throws Exception {
        store = new FaultyStore(openStore());
        store.mostBytes = mostBytes;
        open.add(store);
        Clock clock = Clock.system();
        Reconciler reconciler = new Reconciler(
                (scenario, timeout) -> {
                    asked.add(scenario);
                    return CompletableFuture.completedFuture(new ActionController.ReconcileResult(true, ""));
                },
                new ReconcileTiming(Duration.ZERO, Duration.ofMinutes(1), TIMEOUT, failures -> 10),
                clock,
                (delay, task) -> CompletableFuture.delayedExecutor(delay.toNanos(), TimeUnit.NANOSECONDS)
                        .execute(task));
        open.add(reconciler);
        ExecutorService loop = Executors.newSingleThreadExecutor();
        open.add(loop::shutdownNow);
        Rules rules = new Rules(
                Set.of(0, 143),
                Duration.ofMillis(50),
                Duration.ofMillis(50),
                Duration.ofMillis(50),
                Rules.Vanished.EXITED,
                Set.of(PackageState.ERROR),
                false,
                100);
        manager = new Manager(
                store,
                new Cascade(rules, new Plan.TransactionLimits(store.maxWrites(), store.maxBytes() * 3 / 4, 1L << 40)),
                reconciler,
                new Owner("id-" + System.nanoTime(), "host", 1, "2026-01-01T00:00:00Z"),
                new ManagerLimits(TIMEOUT, queue, 1 << 30, 1 << 30, failures -> 20),
                clock,
                new Metrics(),
                Tracing.OFF,
                new ManagerThreads(
                        loop,
                        task -> Thread.ofVirtual().start(task),
                        (delay, task) -> CompletableFuture.delayedExecutor(delay.toNanos(), TimeUnit.NANOSECONDS)
                                .execute(task)));
        open.add(manager);
        manager.start();
    }

    private void restart() throws Exception {
        tearDown();
        open.clear();
        start(1_000);
    }

    // [utest->req~sto-durable~1]
    @Test
    void success_meansThatModelsAndPackagesAreDurable() throws Exception {
        ask(apply(BRAKING));
        assertThat(ask(report("running", "exited:139"))).isInstanceOf(CommandResult.Done.class);
        KeyValue model = store.get(Keys.modelState("light")).orElseThrow();
        KeyValue braking = store.get(Keys.packageState("braking")).orElseThrow();
        assertThat(model.value()).isEqualTo("Dead");
        assertThat(braking.value()).isEqualTo("Degraded");
        assertThat(braking.modRevision()).as("visible at the same revision").isEqualTo(model.modRevision());
        restart();
        Await.until(SOON, () -> "ready", manager::isReady);
        assertThat(state("braking")).isEqualTo(PackageState.DEGRADED);
    }

    @Test
    void oneReport_isOneCommitAndNoRead() {
        ask(apply(BRAKING));
        ask(report("running", "running"));
        int commits = store.commits.get();
        int reads = store.reads.get();
        ask(report("running", "paused"));
        assertThat(store.commits.get()).isEqualTo(commits + 1);
        assertThat(store.reads.get()).isEqualTo(reads);
        ask(report("running", "paused"));
        assertThat(store.commits.get()).as("nothing has changed").isEqualTo(commits + 1);
    }

    @Tag("slow")
    @Test
    void change_costsTheSameForAnyNumberOfPackages() {
        applyPackages(0, 10);
        Cost few = costOfOneChange(5);
        for (int done = 10; done < 10_000; done += 555) {
            applyPackages(done, done + 555);
        }
        assertThat(manager.view().packages()).hasSize(10_000);
        assertThat(manager.view().models()).hasSize(50_000);
        assertThat(costOfOneChange(5_005)).isEqualTo(few);
    }

    private record Cost(int commits, int reads, int writes) {}

    private Cost costOfOneChange(int number) {
        String model = "m%d_0".formatted(number);
        ask(new Command.ModelChange(model, ModelState.RUNNING, "first", "test"));
        int commits = store.commits.get();
        int reads = store.reads.get();
        int writes = store.writes.get();
        assertThat(ask(new Command.ModelChange(model, ModelState.DEAD, "id", "test")))
                .isInstanceOf(CommandResult.Done.class);
        assertThat(stored("p" + number)).isEqualTo("Degraded");
        return new Cost(store.commits.get() - commits, store.reads.get() - reads - 1, store.writes.get() - writes);
    }

    private void applyPackages(int from, int to) {
        StringBuilder yaml = new StringBuilder();
        for (int i = from; i < to; i++) {
            yaml.append("---\nkind: Package\nmetadata: {name: p").append(i).append("}\nspec: {models: [");
            for (int model = 0; model < 5; model++) {
                yaml.append("{name: m").append(i).append('_').append(model).append("},");
            }
            yaml.append("]}\n");
        }
        assertThat(ask(apply(yaml.toString()))).isInstanceOf(CommandResult.ArtifactsDone.class);
    }

    @Test
    void foreignWrite_isProcessed() {
        ask(apply(BRAKING));
        store.put(Keys.modelState("brake"), "MODEL_STATE_DEAD");
        awaitStored("braking", "Degraded");
        store.put(
                Keys.artifact("Package", "lights"),
                "kind: Package\nmetadata: {name: lights}\nspec: {models: [{name: x}]}");
        awaitStored("lights", "Idle");
        store.put(Keys.packageState("lights"), "Running");
        awaitStored("lights", "Idle");
    }

    @Test
    void failedCommit_isResolvedByReading() throws Exception {
        ChangeReader reader = manager.feed().follow();
        ask(apply(BRAKING));
        for (FaultyStore.Fault fault : FaultyStore.Fault.values()) {
            ask(report("running", "running"));
            store.faults.add(fault);
            assertThat(ask(report("running", "exited:1"))).as("after %s", fault).isInstanceOf(CommandResult.Done.class);
            assertThat(stored("braking")).isEqualTo("Degraded");
        }
        assertThat(Objects.requireNonNull(manager.view().models().get("light"))
                        .state()
                        .history()
                        .generation())
                .as("no change was made twice")
                .isEqualTo(10);
        List<String> states = new ArrayList<>();
        while (states.size() < 11) {
            List<Event> events = reader.next(SOON);
            assertThat(events).isNotEmpty();
            events.forEach(event -> {
                if (event instanceof Event.Changed(EventId _, Transition change)
                        && change.name().equals("braking")) {
                    states.add(change.to() + change.generation());
                }
            });
        }
        assertThat(states)
                .as("readers get commits with a lost acknowledgement once")
                .containsExactly(
                        "Idle1",
                        "Running2",
                        "Degraded3",
                        "Running4",
                        "Degraded5",
                        "Running6",
                        "Degraded7",
                        "Running8",
                        "Degraded9",
                        "Running10",
                        "Degraded11");
    }

    // [utest->req~sto-away~1]
    @Test
    void outage_isReportedToCallersAndTheNewestReportIsKept() {
        ask(apply(BRAKING));
        store.away = true;
        CommandResult state = manager.submit(
                        new Command.ModelChange("brake", ModelState.PAUSED, "id", "test"), Duration.ofMillis(200))
                .join();
        CommandResult first = manager.submit(report("running", "running"), Duration.ofMillis(200))
                .join();
        manager.submit(report("running", "exited:9"), Duration.ofMillis(200)).join();
        CommandResult step = manager.submit(
                        new Command.ScenarioChange(
                                "drive", ScenarioState.ALLOWED, ScenarioState.COMPLETED, "id", 1, "test"),
                        Duration.ofMillis(200))
                .join();
        assertThat(step).isInstanceOf(CommandResult.NotDurableYet.class);
        assertThat(state).isInstanceOf(CommandResult.NotDurableYet.class);
        assertThat(first).isInstanceOf(CommandResult.NotDurableYet.class);
        assertThat(manager.isReady()).isFalse();
        store.away = false;
        awaitStored("braking", "Degraded");
        Await.until(SOON, () -> "ready", manager::isReady);
        assertThat(store.get(Keys.scenarioState("drive")).map(KeyValue::value))
                .as("kept: its sender never repeats it")
                .contains("Completed");
        assertThat(store.get(Keys.modelState("brake")).orElseThrow().value())
                .as("the caller of the state change had stopped waiting")
                .isEqualTo("Running");
    }

    @Tag("slow")
    @Test
    void idleServer_noticesAnOutage() {
        ask(apply(BRAKING));
        assertThat(manager.isReady()).isTrue();
        store.away = true;
        Await.until(SOON, () -> "still ready", () -> !manager.isReady());
        store.away = false;
        Await.until(SOON, () -> "not ready", manager::isReady);
    }

    @Test
    void commandOverTheQueueLimit_isRejectedAtOnce() throws Exception {
        tearDown();
        open.clear();
        start(3);
        ask(apply(BRAKING));
        store.away = true;
        List<CompletableFuture<CommandResult>> answers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            answers.add(manager.submit(
                    new Command.ModelChange("brake", ModelState.PAUSED, "id" + i, "test"), Duration.ofSeconds(2)));
        }
        long refused = answers.stream().filter(CompletableFuture::isDone).count();
        assertThat(refused).isGreaterThanOrEqualTo(4);
        store.away = false;
        assertThat(answers.getFirst().join()).isInstanceOf(CommandResult.Done.class);
    }

    @Test
    void newerReport_replacesAWaitingOneAndBothCallersGetItsOutcome() {
        ask(apply(BRAKING));
        store.away = true;
        ask(new Command.ModelChange("other", ModelState.DEAD, "id", "test"), Duration.ofMillis(50));
        CompletableFuture<CommandResult> older = manager.submit(report("running", "running"), TIMEOUT);
        CompletableFuture<CommandResult> newer = manager.submit(report("paused", "paused"), TIMEOUT);
        store.away = false;
        assertThat(newer.join()).isInstanceOf(CommandResult.Done.class);
        assertThat(older.join()).isInstanceOf(CommandResult.Done.class);
        assertThat(stored("braking")).isEqualTo("Paused");
        assertThat(Objects.requireNonNull(manager.view().packages().get("braking"))
                        .state()
                        .history()
                        .generation())
                .as("Idle, Paused: the older report was never decided")
                .isEqualTo(2);
    }

    @Test
    void deadPackage_isReconciledAlsoAfterARestart() throws Exception {
        ask(apply(BRAKING + "\n---\n" + DRIVE));
        ask(report("exited:1", "exited:1"));
        Await.until(SOON, () -> "asked: " + asked, () -> asked.contains("drive"));
        asked.clear();
        restart();
        Await.until(SOON, () -> "asked: " + asked, () -> asked.contains("drive"));
        ask(report("running", "running"));
        assertThat(store.get(Keys.reconcile("braking"))).isEmpty();
    }

    @Test
    void missingContainer_isDroppedByTheClockAlone() {
        ask(apply(BRAKING));
        ask(report("running", "running"));
        ask(new Command.NodeReport("HPC", List.of()));
        awaitStored("braking", "Exited");
    }

    @Test
    void twoThousandPackages_areAppliedInSlicesAndReadAgain() throws Exception {
        int packages = 2_000;
        StringBuilder yaml = new StringBuilder();
        for (int i = 0; i < packages; i++) {
            yaml.append("---\nkind: Package\nmetadata: {name: p%d}\nspec: {models: [{name: m%d}, {name: n%d}]}\n"
                    .formatted(i, i, i));
        }
        ask(apply(yaml.toString()));
        int commits = store.commits.get();
        ask(new Command.ModelChange("m7", ModelState.DEAD, "id", "test"));
        assertThat(store.commits.get()).isEqualTo(commits + 1);
        restart();
        Await.until(SOON, () -> "ready", manager::isReady);
        assertThat(manager.view().packages()).hasSize(packages);
        assertThat(state("p7")).isEqualTo(PackageState.DEGRADED);
    }

    @Test
    void listTooLargeForTheStore_isRejectedAndChangesNothing() throws Exception {
        tearDown();
        open.clear();
        start(1_000, 100_000);
        ask(apply(BRAKING));

        assertThat(ask(new Command.NodeReport("ZONE", containers(3_000, 20))))
                .isInstanceOf(CommandResult.Rejected.class);

        assertThat(store.get(Keys.modelState("light"))).isEmpty();
        assertThat(ask(report("running", "running"))).isInstanceOf(CommandResult.Done.class);
    }

    @Test
    void listOverOneMebibyte_isRejectedWholeAndChangesNothing() {
        ask(apply(BRAKING));

        assertThat(ask(new Command.NodeReport("ZONE", containers(4_000, 240))))
                .isInstanceOf(CommandResult.ResourceExhausted.class);

        assertThat(store.get(Keys.modelState("light"))).isEmpty();
        assertThat(store.get(Keys.node("ZONE"))).isEmpty();
        assertThat(manager.anomalies().refusals()).containsEntry(new Anomalies.RefusalLabels("node-list", "bytes"), 1L);
        assertThat(ask(new Command.NodeReport("ZONE", containers(3_000, 240)))).isInstanceOf(CommandResult.Done.class);
    }

    @Test
    void listOfAKnownNodeDuringAnOutage_isKeptWhileManyUnknownNodesReport() {
        ask(apply(BRAKING));
        store.away = true;
        Anomalies.RefusalLabels refusal = new Anomalies.RefusalLabels("queue", "unknown-nodes");
        for (int i = 0; i < 10_000 && !manager.anomalies().refusals().containsKey(refusal); i++) {
            var _ = manager.submit(new Command.NodeReport("invented-" + i, List.of()), TIMEOUT);
        }
        assertThat(manager.anomalies().refusals()).containsKey(refusal);
        CompletableFuture<CommandResult> known = manager.submit(report("running", "running"), TIMEOUT);
        store.away = false;
        awaitStored("braking", "Running");
        assertThat(known.join()).isInstanceOf(CommandResult.Done.class);
    }

    @Test
    void forgottenNode_isDeletedWithItsRecordAndReturnsWithItsNextReport() throws Exception {
        ask(apply(BRAKING));
        ask(report("exited:1", "exited:1"));
        assertThat(ask(new Command.ForgetNode("HPC", false, "operator"))).isInstanceOf(CommandResult.NotAllowed.class);
        assertThat(ask(new Command.ForgetNode("HPC", true, "operator"))).isInstanceOf(CommandResult.Done.class);
        assertThat(store.get(Keys.node("HPC"))).isEmpty();
        assertThat(ask(new Command.ForgetNode("HPC", true, "operator"))).isInstanceOf(CommandResult.NotFound.class);
        assertThat(manager.view().nodes()).isEmpty();
        restart();
        Await.until(SOON, () -> "ready", manager::isReady);
        assertThat(manager.view().nodes()).isEmpty();
        assertThat(ask(report("running", "running"))).isInstanceOf(CommandResult.Done.class);
        assertThat(state("braking")).isEqualTo(PackageState.RUNNING);
    }

    @Test
    void ageOfANodesLastReport_survivesARestart() throws Exception {
        ask(apply(BRAKING));
        ask(report("running", "running"));
        long reported =
                Objects.requireNonNull(manager.view().nodes().get("HPC")).reportedMillis();
        assertThat(reported).isPositive();
        restart();
        Await.until(SOON, () -> "ready", manager::isReady);
        assertThat(Objects.requireNonNull(manager.view().nodes().get("HPC")).reportedMillis())
                .isEqualTo(reported);
    }

    private static List<ContainerFacts> containers(int count, int nameLength) {
        List<ContainerFacts> containers = new ArrayList<>();
        containers.add(container("light", "running"));
        for (int i = 1; i < count; i++) {
            containers.add(new ContainerFacts("id", "x".repeat(nameLength) + i, "image", Map.of(), Map.of(), Map.of()));
        }
        return containers;
    }

    private CommandResult ask(Command command) {
        return ask(command, TIMEOUT);
    }

    private CommandResult ask(Command command, Duration timeout) {
        return manager.submit(command, timeout).join();
    }

    private @Nullable PackageState state(String name) {
        return Objects.requireNonNull(manager.view().packages().get(name))
                .state()
                .value();
    }

    private @Nullable String stored(String name) {
        return store.get(Keys.packageState(name)).map(KeyValue::value).orElse(null);
    }

    private void awaitStored(String name, String state) {
        Await.until(SOON, () -> name + " is " + stored(name), () -> state.equals(stored(name)));
    }

    private static Command apply(String yaml) {
        try {
            return new Command.ApplyArtifacts(ArtifactParser.parseAll(yaml));
        } catch (BrokenArtifactException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns a report of HPC with a container of brake and one of light. */
    private static Command report(String brake, String light) {
        return new Command.NodeReport("HPC", List.of(container("brake", brake), container("light", light)));
    }

    private static ContainerFacts container(String model, String state) {
        String[] parts = state.split(":", -1);
        return new ContainerFacts(
                "id-" + model,
                model + "_main",
                "image",
                Map.of("Status", parts[0], "ExitCode", parts.length > 1 ? parts[1] : "0"),
                Map.of(),
                Map.of("io.pullpiri.annotations.model", model));
    }
}
