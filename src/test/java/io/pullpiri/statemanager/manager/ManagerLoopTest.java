// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The order in which the loop works, and the results that callers get. */
class ManagerLoopTest {

    @TempDir
    Path folder;

    private SteppedManager loop;

    @BeforeEach
    void setUp() {
        loop = new SteppedManager(SqliteStore.open(folder.resolve("states.db")), 3);
    }

    @AfterEach
    void tearDown() {
        loop.close();
    }

    /** Found by the simulation: a package was restored without the store events about its model. */
    @Test
    void tick_isDecidedTogetherWithStoreEvents() {
        loop.begin();
        var _ = loop.set(ModelState.RUNNING);
        loop.turn();
        loop.foreign(Keys.packageState("p"), "Idle");
        loop.turn();
        loop.foreign(Keys.packageState("p"), "Paused");
        loop.turn();
        assertThat(loop.store.value(Keys.packageState("p")))
                .as("restored at most once a second")
                .isEqualTo("Paused");
        loop.elapse(Duration.ofSeconds(1));
        loop.foreign(Keys.modelState("m"), "Dead");
        int commits = loop.store.commits.get();
        loop.turn();
        assertThat(loop.store.value(Keys.packageState("p"))).isEqualTo("Error");
        assertThat(loop.store.commits.get()).as("never Running in between").isEqualTo(commits + 1);
    }

    @Test
    void commandOverTheLimit_isRejectedAtOnce() {
        loop.begin();
        List<CompletableFuture<CommandResult>> answers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            answers.add(loop.set(ModelState.DEAD));
        }
        assertThat(answers.getLast())
                .isCompletedWithValue(
                        new CommandResult.NotDurableYet("too much is waiting (queue.limit: 3; MiB: 1024)"));
        assertThat(loop.manager.anomalies().refusals()).containsEntry(new Anomalies.RefusalLabels("queue", "full"), 1L);
        assertThat(loop.manager.waiting()).isEqualTo(3);
        loop.turn();
        assertThat(answers.subList(0, 3))
                .allSatisfy(
                        answer -> assertThat(answer).isCompletedWithValue(new CommandResult.Done("model m is Dead")));
    }

    @Test
    void callerWithoutTime_getsTheReasonAndWhetherItsCommandIsKept() {
        loop.begin();
        Command change = new Command.ModelChange("m", ModelState.DEAD, "", "test");
        Command report = new Command.NodeReport("n", List.of());
        Duration once = Duration.ofMillis(1);
        assertThat(loop.manager.submit(change, once).join())
                .isEqualTo(new CommandResult.NotDurableYet(
                        "not durable yet: the store has not confirmed it within 1 ms; send it again"));
        loop.store.away = true;
        var _ = loop.set(ModelState.RUNNING);
        loop.turn();
        assertThat(loop.manager.isReady()).isFalse();
        assertThat(loop.manager.submit(report, once).join())
                .isEqualTo(new CommandResult.NotDurableYet(
                        "not durable yet: the store cannot be written: forced; it is kept"));
        loop.store.away = false;
        loop.pass();
        assertThat(loop.manager.isReady()).isTrue();
        assertThat(loop.manager.view().nodes()).containsOnlyKeys("n");
    }

    @Test
    void stop_answersWaitingCallersAndAcceptsNoMoreCommands() {
        loop.begin();
        List<Boolean> ready = new ArrayList<>();
        loop.manager.onReadiness(ready::add);
        loop.store.away = true;
        CompletableFuture<CommandResult> waiting = loop.set(ModelState.DEAD);
        loop.turn();
        assertThat(waiting).isNotDone();
        loop.stop();
        assertThat(waiting).isCompletedWithValue(new CommandResult.NotDurableYet("StateManager is stopping"));
        assertThat(loop.set(ModelState.DEAD))
                .isCompletedWithValue(new CommandResult.NotDurableYet("StateManager is stopping"));
        assertThat(ready).containsExactly(true, false);
    }

    @Test
    void stop_finishesWaitingCommandsIfTheStoreAcceptsThem() {
        loop.begin();
        List<Boolean> ready = new ArrayList<>();
        loop.manager.onReadiness(ready::add);
        CompletableFuture<CommandResult> waiting = loop.set(ModelState.DEAD);
        assertThat(loop.store.watches).hasValue(1);
        loop.stop();
        assertThat(waiting).isCompletedWithValue(new CommandResult.Done("model m is Dead"));
        assertThat(ready).containsExactly(true, false);
        assertThat(loop.store.watches).hasValue(0);
    }

    @Test
    void recentAnswer_makesAStoreCheckUnnecessary() {
        loop.begin();
        loop.elapse(Duration.ofNanos(StoreHealth.SILENCE));
        var _ = loop.set(ModelState.DEAD);
        int probes = loop.store.probes.get();
        loop.turn();
        assertThat(loop.store.probes).hasValue(probes);
        loop.elapse(Duration.ofNanos(StoreHealth.SILENCE));
        // Nothing changes, so this command does not use the store.
        var _ = loop.set(ModelState.DEAD);
        loop.turn();
        assertThat(loop.store.probes).hasValue(probes + 1);
    }

    @Test
    void anomalies_areCounted() {
        loop.store.put(Keys.artifact("Package", "broken"), "no: [yaml");
        loop.begin();
        assertThat(loop.manager.anomalies().counts()).containsEntry("broken-artifact", 1L);
        loop.foreign(Keys.artifact("Package", "p"), "no: [yaml");
        loop.turn();
        assertThat(loop.manager.anomalies().counts()).containsEntry("broken-artifact", 2L);
    }

    @Test
    void deadPackage_isReconciledAndReadersGetTheEvents() throws Exception {
        loop.begin();
        ChangeReader reader = loop.manager.feed().follow();
        loop.die("s");
        loop.call();
        assertThat(loop.asked).containsExactly("s");
        assertThat(reader.next(Duration.ZERO))
                .filteredOn(event -> event instanceof Event.Recovery)
                .singleElement()
                .extracting(event -> ((Event.Recovery) event).step())
                .isEqualTo(Event.Recovery.RecoveryStep.REQUESTED);
    }

    @Test
    void scenarioAddedToADeadPackage_isReconciledToo() {
        loop.begin();
        loop.die("s");
        loop.call();
        var _ = loop.submit(Command.ApplyArtifacts.parse(CascadeRig.scenarioYaml("t", "p")));
        loop.turn();
        loop.call();
        assertThat(loop.asked).containsExactly("s", "t");
    }

    @Test
    void silentStore_isChecked() {
        loop.begin();
        loop.elapse(Duration.ofNanos(StoreHealth.SILENCE));
        loop.store.away = true;
        loop.pass();
        assertThat(loop.manager.isReady()).isFalse();
        loop.store.away = false;
        loop.pass();
        assertThat(loop.manager.isReady()).isTrue();
        assertThat(loop.manager.view().packages()).containsOnlyKeys("p");
    }

    @Test
    void waitForTheFirstView_isBounded() {
        assertThat(loop.manager.firstView(Duration.ofMillis(1)).join()).isEmpty();
        CompletableFuture<?> first = loop.manager.firstView(SteppedManager.SOON);
        assertThat(first).isNotDone();
        loop.begin();
        assertThat(first).isDone();
        assertThat(loop.manager.firstView(SteppedManager.SOON).join()).contains(loop.manager.view());
    }

    @Test
    void commandDuringTheBackoff_isProcessedAfterIt() {
        loop.begin();
        loop.store.faults.add(FaultyStore.Fault.UNAVAILABLE);
        CompletableFuture<CommandResult> answer = loop.set(ModelState.DEAD);
        loop.turn();
        assertThat(answer).isNotDone();
        var _ = loop.set(ModelState.RUNNING);
        int commits = loop.store.commits.get();
        loop.turn();
        assertThat(loop.store.commits.get()).as("no commit during the pause").isEqualTo(commits);
        loop.pass();
        assertThat(answer).isCompletedWithValue(new CommandResult.Done("model m is Dead"));
        assertThat(loop.store.value(Keys.modelState("m"))).isEqualTo("Running");
    }
}
