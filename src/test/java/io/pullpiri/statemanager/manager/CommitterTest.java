// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.manager.Committer.BatchOutcome;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.View;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The outcome of a batch for each possible behavior of the store. */
class CommitterTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String P = CascadeRig.packageYaml("p", "m");

    @TempDir
    Path folder;

    private final Clock clock = () -> new Timestamp(1, 1);
    private Cascade cascade = cascade(128);
    private final List<String> asked = new ArrayList<>();
    private final List<Runnable> due = new ArrayList<>();
    private final Reconciler reconciler = new Reconciler(
            (scenario, timeout) -> {
                asked.add(scenario);
                return new CompletableFuture<>();
            },
            new ReconcileTiming(Duration.ZERO, Duration.ofMinutes(1), SOON, failures -> 1),
            clock,
            (delay, task) -> due.add(task));
    private final CommandQueue queue = new CommandQueue(10, 10_000, any -> {});
    private FaultyStore store;
    private Committer committer;
    private View view = View.EMPTY;

    @BeforeEach
    void open() {
        store = new FaultyStore(SqliteStore.open(folder.resolve("states.db")));
        begin(128);
    }

    private static Cascade cascade(int maxWrites) {
        Rules rules = new Rules(
                Set.of(0),
                Duration.ZERO,
                Duration.ZERO,
                Duration.ZERO,
                Rules.Vanished.EXITED,
                Set.of(PackageState.ERROR),
                false,
                100);
        return new Cascade(rules, new Plan.TransactionLimits(maxWrites, 1 << 20, 1L << 40));
    }

    private void begin(int maxWrites) {
        cascade = cascade(maxWrites);
        // Single-threaded: the executor of the loop runs each task at once.
        committer = new Committer(
                store,
                cascade,
                reconciler,
                SOON,
                clock,
                new Metrics(),
                Runnable::run,
                queue,
                new WriteProbe(store, SOON, Runnable::run));
    }

    @AfterEach
    void close() {
        store.close();
    }

    private BatchOutcome commit(Command... commands) throws Exception {
        List<CommandQueue.PendingCommand> batch = Arrays.stream(commands)
                .map(command -> new CommandQueue.PendingCommand(command, 0, Long.MAX_VALUE))
                .toList();
        CompletableFuture<BatchOutcome> ended = new CompletableFuture<>();
        committer.commit(
                batch,
                view,
                outcome -> assertThat(ended.complete(outcome)).as("ends once").isTrue());
        BatchOutcome outcome = ended.get(20, TimeUnit.SECONDS);
        if (outcome instanceof BatchOutcome.BatchCommitted done) {
            view = cascade.committed(done.plan(), done.revisions());
        }
        return outcome;
    }

    private static Command model(String name, ModelState state) {
        return new Command.ModelChange(name, state, "", "test");
    }

    @Test
    void commandThatDoesNotFit_isReturnedToTheQueue() throws Exception {
        begin(9);
        Command[] commands = IntStream.range(0, 20)
                .mapToObj(i -> model("m" + i, ModelState.RUNNING))
                .toArray(Command[]::new);
        BatchOutcome.BatchCommitted done = (BatchOutcome.BatchCommitted) commit(commands);
        assertThat(done.batch())
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(Arrays.copyOf(commands, 3));
        assertThat(done.rest())
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(Arrays.copyOfRange(commands, 3, 20));
        assertThat(done.plan().answers()).hasSize(3);
        assertThat(done.revisions()).hasSize(1);
    }

    @Test
    void conflict_isReadAndTheBatchIsDecidedAgain() throws Exception {
        commit(Command.ApplyArtifacts.parse(P), model("m", ModelState.RUNNING));
        store.before.add(() -> store.put(Keys.modelState("m"), "Exited"));
        BatchOutcome.BatchCommitted done =
                (BatchOutcome.BatchCommitted) commit(model("m", ModelState.DEAD), model("n", ModelState.DEAD));
        assertThat(done.batch()).as("the foreign change, and the batch").hasSize(3);
        assertThat(done.rest()).isEmpty();
        assertThat(done.plan().answers())
                .endsWith(new CommandResult.Done("model m is Dead"), new CommandResult.Done("model n is Dead"))
                .hasSize(3);
        assertThat(store.value(Keys.modelState("m"))).isEqualTo("Dead");
        assertThat(store.value(Keys.packageState("p"))).isEqualTo("Error");
        assertThat(done.plan().transactions().getFirst().transitions())
                .extracting(change -> change.from() + ">" + change.to())
                .contains("Running>Exited", "Exited>Dead");
    }

    /** Otherwise a package would be stored that contradicts known states of its models. */
    @Test
    void storeEventsDuringACommit_areIncludedAfterAConflict() throws Exception {
        commit(
                Command.ApplyArtifacts.parse(CascadeRig.packageYaml("p", "a", "b")),
                model("a", ModelState.RUNNING),
                model("b", ModelState.RUNNING));
        store.before.add(() -> {
            store.put(Keys.modelState("a"), "Exited");
            long revision = store.put(Keys.modelState("b"), "Dead");
            queue.offerEvents(
                    new Command.StoreEvents(List.of(new WatchEvent(Keys.modelState("b"), "Dead", revision)), false));
        });
        BatchOutcome.BatchCommitted done = (BatchOutcome.BatchCommitted) commit(model("a", ModelState.PAUSED));
        assertThat(done.batch())
                .extracting(entry -> entry.command() instanceof Command.StoreEvents)
                .containsExactly(true, true, false);
        assertThat(done.plan().answers().getLast()).isEqualTo(new CommandResult.Done("model a is Paused"));
        assertThat(store.value(Keys.packageState("p"))).isEqualTo("Degraded");
        assertThat(queue.size()).isZero();
    }

    /** Foreign changes from before the read come first in the history. */
    @Test
    void eventsDuringARepair_areProcessedAfterIt() throws Exception {
        commit(model("m", ModelState.RUNNING), model("n", ModelState.RUNNING));
        store.put(Keys.modelState("m"), "Exited");
        store.before.add(() -> {
            long revision = store.put(Keys.modelState("m"), "Dead");
            queue.offerEvents(
                    new Command.StoreEvents(List.of(new WatchEvent(Keys.modelState("m"), "Dead", revision)), false));
            // Conflicts with the repair's own record, which the repair does not know.
            store.put(Keys.packageState("ghost"), "Dead");
        });
        store.put(Keys.packageState("ghost"), "Idle");
        view = cascade.load(store.snapshot(List.of("/")), clock.now()).view();
        BatchOutcome.BatchCommitted done = (BatchOutcome.BatchCommitted) commit(new Command.Repair());
        assertThat(done.batch().getFirst().command()).isInstanceOf(Command.Repair.class);
        assertThat(done.batch()).hasSize(3);
        assertThat(done.plan().transactions().getFirst().transitions())
                .filteredOn(change -> change.name().equals("m"))
                .extracting(change -> change.from() + ">" + change.to())
                .containsExactly("Running>Exited", "Exited>Dead");
    }

    @Test
    void overTenConflictsOnOneKey_leadToAReread() throws Exception {
        for (int conflicts = 10; conflicts <= 11; conflicts++) {
            String name = "m" + conflicts;
            for (int i = 0; i < conflicts; i++) {
                String state = i % 2 == 0 ? "Running" : "Paused";
                store.before.add(() -> store.put(Keys.modelState(name), state));
            }
            int commits = store.commits.get();
            BatchOutcome outcome = commit(model(name, ModelState.DEAD));
            assertThat(outcome)
                    .isInstanceOf(
                            conflicts == 10 ? BatchOutcome.BatchCommitted.class : BatchOutcome.BatchUnreliable.class);
            assertThat(store.commits.get() - commits).isEqualTo(11);
        }
    }

    @Test
    void foreignWriteToOurRecords_leadsToAReread() throws Exception {
        commit(model("m", ModelState.RUNNING));
        store.before.add(() -> store.put(Keys.journal(view.journal().next()), "{}"));
        BatchOutcome outcome = commit(model("m", ModelState.DEAD));
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        BatchOutcome.BatchUnreliable.class,
                        unreliable ->
                                assertThat(unreliable.reason()).isEqualTo("another component writes the same keys"));
        assertThat(store.value(Keys.modelState("m"))).isEqualTo("Running");
    }

    @Test
    void unavailableStore_hasWrittenNothing() throws Exception {
        store.faults.add(FaultyStore.Fault.UNAVAILABLE);
        assertThat(commit(model("m", ModelState.DEAD))).isInstanceOf(BatchOutcome.BatchUnavailable.class);
    }

    @Test
    void unknownOutcome_leadsToAReread() throws Exception {
        for (FaultyStore.Fault fault :
                List.of(FaultyStore.Fault.LOST, FaultyStore.Fault.ANSWER_LOST, FaultyStore.Fault.THROWN)) {
            store.faults.add(fault);
            BatchOutcome outcome = commit(model("m", ModelState.DEAD));
            assertThat(outcome).as("%s", fault).isInstanceOf(BatchOutcome.BatchUnreliable.class);
            assertThat(outcome.batch()).hasSize(1);
        }
    }

    // [utest->req~sto-refusal~1]
    @Test
    void unexplainedRefusalOfOneCommand_isFinalOnlyIfTheStoreAcceptsOtherWritesTwice() throws Exception {
        store.unexplained = Keys.modelState("m");
        assertThat(commit(model("m", ModelState.DEAD)))
                .isInstanceOfSatisfying(BatchOutcome.BatchRefused.class, refused -> {
                    assertThat(refused.explained()).isFalse();
                    assertThat(refused.reason()).isEqualTo("forced: something new");
                });
        assertThat(store.commits).as("two attempts, each with a probe").hasValue(4);
    }

    @Test
    void unexplainedRefusal_isTemporaryIfTheNextAttemptIsAccepted() throws Exception {
        store.faults.add(FaultyStore.Fault.UNEXPLAINED);
        assertThat(commit(model("m", ModelState.DEAD))).isInstanceOf(BatchOutcome.BatchCommitted.class);
        assertThat(store.value(Keys.modelState("m"))).isEqualTo("Dead");
    }

    @Test
    void unexplainedRefusalOfSeveralCommands_decidesNothingAboutOne() throws Exception {
        store.unexplained = Keys.modelState("m");
        BatchOutcome outcome = commit(model("m", ModelState.DEAD), model("n", ModelState.DEAD));
        assertThat(outcome).isInstanceOf(BatchOutcome.BatchRefused.class);
        assertThat(outcome.batch()).hasSize(2);
    }

    @Test
    void unexplainedRefusalOfTheProbeToo_concernsTheStore() throws Exception {
        store.refusing = true;
        assertThat(commit(model("m", ModelState.DEAD))).isInstanceOf(BatchOutcome.BatchUnreliable.class);
        store.refusing = false;
        for (FaultyStore.Fault fault : List.of(FaultyStore.Fault.UNAVAILABLE, FaultyStore.Fault.LOST)) {
            store.faults.addAll(List.of(FaultyStore.Fault.UNEXPLAINED, fault));
            assertThat(commit(model("m", ModelState.DEAD)))
                    .as("%s", fault)
                    .isInstanceOf(BatchOutcome.BatchUnreliable.class);
        }
        assertThat(store.get(Keys.modelState("m"))).isEmpty();
    }

    /** Another server on the same store may have written it. */
    @Test
    void probe_acceptsAnyValueOfItsKey() throws Exception {
        store.put(Keys.PROBE, "something");
        store.faults.add(FaultyStore.Fault.UNEXPLAINED);
        assertThat(commit(model("m", ModelState.DEAD))).isInstanceOf(BatchOutcome.BatchCommitted.class);
    }

    @Test
    void eventsThatArriveBeforeAProbeIsAccepted_areDecidedBeforeTheBatch() throws Exception {
        commit(
                Command.ApplyArtifacts.parse(CascadeRig.packageYaml("p", "a", "b")),
                model("a", ModelState.RUNNING),
                model("b", ModelState.RUNNING));
        store.faults.add(FaultyStore.Fault.UNEXPLAINED);
        store.before.add(() -> {
            long revision = store.put(Keys.modelState("b"), "Dead");
            queue.offerEvents(
                    new Command.StoreEvents(List.of(new WatchEvent(Keys.modelState("b"), "Dead", revision)), false));
        });
        BatchOutcome.BatchCommitted done = (BatchOutcome.BatchCommitted) commit(model("a", ModelState.PAUSED));
        assertThat(done.batch())
                .extracting(entry -> entry.command() instanceof Command.StoreEvents)
                .containsExactly(true, false);
        assertThat(done.plan().answers()).hasSize(2).endsWith(new CommandResult.Done("model a is Paused"));
        assertThat(store.value(Keys.modelState("a"))).isEqualTo("Paused");
        assertThat(store.value(Keys.packageState("p"))).isEqualTo("Degraded");
        assertThat(queue.size()).isZero();
    }

    /** Commits a command whose plan has several transactions, with the package's state in the last but one. */
    private Command largeReport() throws Exception {
        begin(9);
        String models = IntStream.range(0, 12)
                .mapToObj(i -> "{name: m" + i + "}")
                .toList()
                .toString();
        commit(Command.ApplyArtifacts.parse("kind: Package\nmetadata: {name: big}\nspec: {models: " + models + "}"));
        return new Command.NodeReport(
                "n",
                IntStream.range(0, 12)
                        .mapToObj(i -> CascadeRig.container("m" + i + "/c" + i + "=running"))
                        .toList());
    }

    @Test
    void unexplainedRefusalOfALaterPart_isFinalAfterTwoRefusalsWithAnAcceptedProbeAfterEach() throws Exception {
        Command report = largeReport();
        store.unexplained = Keys.packageState("big");
        int commits = store.commits.get();
        BatchOutcome.BatchRefused refused = (BatchOutcome.BatchRefused) commit(report, model("other", ModelState.DEAD));
        assertThat(refused.written()).isTrue();
        assertThat(refused.explained()).isFalse();
        assertThat(refused.reason()).startsWith("forced: something new; 3 of 4 transactions");
        assertThat(refused.batch())
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(report);
        assertThat(refused.rest()).as("not decided").hasSize(1);
        assertThat(store.commits.get() - commits)
                .as("three transactions, and two attempts of the fourth, each with a probe")
                .isEqualTo(7);
    }

    @Test
    void unexplainedRefusalOfALaterPart_isTemporaryIfItsNextAttemptIsAccepted() throws Exception {
        Command report = largeReport();
        for (int transaction = 0; transaction < 4; transaction++) { // each is refused once, never twice in a row
            store.before.add(() -> store.faults.add(FaultyStore.Fault.UNEXPLAINED));
            store.before.add(() -> {}); // the probe
            store.before.add(() -> {}); // the second attempt
        }
        BatchOutcome.BatchCommitted done = (BatchOutcome.BatchCommitted) commit(report);
        assertThat(done.revisions()).hasSize(4);
        assertThat(store.value(Keys.packageState("big"))).isEqualTo("Running");
    }

    @Test
    void unexplainedRefusalOfALaterPartAndOfTheProbe_concernsTheStore() throws Exception {
        Command report = largeReport();
        store.before.add(() -> {});
        store.before.add(() -> store.refusing = true);
        assertThat(commit(report)).isInstanceOf(BatchOutcome.BatchUnreliable.class);
    }

    @Test
    void explainedRefusalOfALaterPart_isFinalAtOnce() throws Exception {
        Command report = largeReport();
        store.refused = Keys.packageState("big");
        BatchOutcome.BatchRefused refused = (BatchOutcome.BatchRefused) commit(report);
        assertThat(refused.written()).isTrue();
        assertThat(refused.explained()).isTrue();
    }

    @Test
    void planThatStopsAfterItsFirstTransaction_leadsToAReread() throws Exception {
        Command report = largeReport();
        store.before.add(() -> {});
        store.before.add(() -> store.faults.add(FaultyStore.Fault.UNAVAILABLE));
        assertThat(commit(report)).isInstanceOf(BatchOutcome.BatchUnreliable.class);
        assertThat(store.getAllWithPrefix(Keys.MODEL_STATE_PREFIX))
                .as("the first transaction is stored")
                .isNotEmpty();
    }

    @Test
    void recoveringPackage_isHeldFromTheDecisionOn() throws Exception {
        commit(
                Command.ApplyArtifacts.parse(P),
                Command.ApplyArtifacts.parse(CascadeRig.scenarioYaml("s", "p")),
                model("m", ModelState.DEAD));
        reconciler.updateAll(view);
        assertThat(due).isNotEmpty();
        store.before.add(() -> due.forEach(Runnable::run));
        commit(model("m", ModelState.RUNNING));
        assertThat(asked).isEmpty();
        reconciler.updateAll(view);
        due.forEach(Runnable::run);
        assertThat(asked).isEmpty();
    }
}
