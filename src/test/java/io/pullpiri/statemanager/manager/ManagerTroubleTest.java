// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The behavior of the loop when the store fails, or the program has a defect. */
class ManagerTroubleTest {

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

    @Test
    void recoveryThatWasNotStored_isNoRecovery() {
        loop.begin();
        loop.die("s");
        loop.store.faults.add(FaultyStore.Fault.UNAVAILABLE);
        var _ = loop.set(ModelState.RUNNING);
        loop.turn();
        loop.call();
        assertThat(loop.asked).containsExactly("s");
    }

    /** Found by the simulation: a request was sent for a package that had recovered. */
    @Test
    void packageThatMayHaveRecovered_getsNoRequestBeforeTheReread() {
        loop.begin();
        loop.die("s");
        loop.store.faults.add(FaultyStore.Fault.ANSWER_LOST);
        var _ = loop.set(ModelState.RUNNING);
        loop.turn();
        loop.store.put(Keys.packageState("p"), "Idle");
        loop.store.before.add(() -> {}); // the fence
        loop.store.before.add(() -> loop.store.faults.add(FaultyStore.Fault.UNAVAILABLE));
        loop.pass();
        loop.call();
        assertThat(loop.manager.isReady()).as("the repair has failed").isFalse();
        assertThat(loop.asked).isEmpty();
        loop.pass();
        loop.call();
        assertThat(loop.manager.isReady()).isTrue();
        assertThat(loop.asked).isEmpty();
    }

    @Test
    void recoveryRejectedByTheStore_isNoRecovery() {
        loop.begin();
        loop.die("s");
        loop.store.refused = Keys.modelState("m");
        CompletableFuture<CommandResult> answer = loop.set(ModelState.RUNNING);
        loop.turn();
        assertThat(answer).isCompletedWithValue(new CommandResult.Rejected("forced"));
        assertThat(loop.manager.anomalies().counts()).containsEntry("refused-by-store", 1L);
        loop.call();
        assertThat(loop.asked).containsExactly("s");
    }

    @Test
    void oneRejectedCommand_doesNotFailTheOthers() {
        loop.begin();
        loop.store.refused = Keys.modelState("b");
        List<CompletableFuture<CommandResult>> answers = new ArrayList<>();
        for (String model : List.of("a", "b", "c")) {
            answers.add(loop.submit(new Command.ModelChange(model, ModelState.DEAD, "", "test")));
        }
        loop.turn();
        assertThat(answers.get(0)).isCompletedWithValue(new CommandResult.Done("model a is Dead"));
        assertThat(answers.get(1)).isCompletedWithValue(new CommandResult.Rejected("forced"));
        assertThat(answers.get(2)).isCompletedWithValue(new CommandResult.Done("model c is Dead"));
        assertThat(loop.manager.isReady()).isTrue();
    }

    @Test
    void reportDuringAnUnexplainedRefusal_isStoredAfterRecovery() {
        loop.begin();
        loop.store.refusing = true;
        CompletableFuture<CommandResult> report =
                loop.submit(new Command.NodeReport("HPC", List.of(CascadeRig.container("m/m_main=exited:139"))));
        loop.turn();
        for (int i = 0; i < 5; i++) {
            loop.pass();
            assertThat(report).isNotDone();
            assertThat(loop.manager.isReady()).isFalse();
            assertThat(loop.manager.whyNotReady()).contains("forced: something new");
        }
        loop.store.refusing = false;
        loop.pass();
        assertThat(report.join()).isInstanceOf(CommandResult.Done.class);
        assertThat(loop.store.value(Keys.packageState("p"))).isEqualTo("Error");
        assertThat(loop.manager.isReady()).isTrue();
        assertThat(loop.manager.whyNotReady()).isEmpty();
    }

    @Test
    void commandRefusedAloneWithoutExplanation_isRejectedAndTheOthersAreStored() {
        loop.begin();
        loop.store.unexplained = Keys.modelState("b");
        List<CompletableFuture<CommandResult>> answers = new ArrayList<>();
        for (String model : List.of("a", "b", "c")) {
            answers.add(loop.submit(new Command.ModelChange(model, ModelState.DEAD, "", "test")));
        }
        loop.turn();
        assertThat(answers.get(0)).isCompletedWithValue(new CommandResult.Done("model a is Dead"));
        assertThat(answers.get(1)).isCompletedWithValue(new CommandResult.Rejected("forced: something new"));
        assertThat(answers.get(2)).isCompletedWithValue(new CommandResult.Done("model c is Dead"));
        assertThat(loop.manager.isReady()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void reportWhoseLaterPartIsRefused_isRefusedAndRepairedAndTheOthersAreStored(boolean explained) {
        loop.begin();
        List<String> models = IntStream.range(0, 130).mapToObj(i -> "m" + i).toList();
        var _ = loop.submit(Command.ApplyArtifacts.parse(CascadeRig.packageYaml("big", models.toArray(String[]::new))));
        var _ = loop.submit(report(models, "running"));
        loop.turn();
        assertThat(loop.store.value(Keys.packageState("big"))).isEqualTo("Running");

        if (explained) {
            loop.store.refused = Keys.packageState("big");
        } else {
            loop.store.unexplained = Keys.packageState("big");
        }
        loop.foreign(Keys.modelState("m"), "Dead"); // is decided together with the report
        CompletableFuture<CommandResult> refused = loop.submit(report(models, "exited:3"));
        CompletableFuture<CommandResult> other =
                loop.submit(new Command.NodeReport("ZONE", List.of(CascadeRig.container("a/a_main=running"))));
        loop.turn();

        assertThat(refused)
                .isCompletedWithValueMatching(
                        answer -> answer instanceof CommandResult.Rejected impossible
                                && impossible.reason().contains("1 of 2 transactions"),
                        "the result says what was stored");
        assertThat(other.join()).isInstanceOf(CommandResult.Done.class);
        assertThat(loop.manager.isReady()).isTrue();
        assertThat(loop.manager.anomalies().counts()).containsEntry("refused-by-store", 1L);
        assertThat(models)
                .as("no stored list says that they are dead")
                .allMatch(model -> loop.store.value(Keys.modelState(model)).equals("Running"));
        assertThat(loop.store.value(Keys.packageState("big"))).isEqualTo("Running");
        assertThat(loop.store.value(Keys.packageState("p"))).isEqualTo("Error");
    }

    private static Command report(List<String> models, String state) {
        return new Command.NodeReport(
                "HPC",
                models.stream()
                        .map(model -> CascadeRig.container(model + "/" + model + "_main=" + state))
                        .toList());
    }

    /** A store that can be read but not written, such as one that is out of space, is not ready. */
    @Test
    void storeThatRefusesWrites_isNotReadyAlthoughItCanBeRead() {
        loop.begin();
        loop.store.refusing = true;
        CompletableFuture<CommandResult> answer = loop.set(ModelState.DEAD);
        loop.turn();
        loop.elapse(SteppedManager.SOON.plusSeconds(1)); // the caller has stopped waiting
        for (int i = 0; i < 5; i++) {
            loop.pass();
            assertThat(loop.manager.isReady()).isFalse();
        }
        loop.store.refusing = false;
        loop.pass();
        assertThat(loop.manager.isReady()).isTrue();
        assertThat(answer).as("the caller has stopped waiting").isNotDone();
        assertThat(loop.store.get(Keys.modelState("m"))).isEmpty();
    }

    /** The view stays valid in this case, so only the probe of an idle loop notices the recovery. */
    @Test
    void idleLoop_detectsByAWriteThatTheStoreAcceptsWritesAgain() {
        loop.begin();
        loop.store.faults.add(FaultyStore.Fault.UNAVAILABLE);
        var _ = loop.set(ModelState.DEAD);
        loop.turn();
        loop.elapse(SteppedManager.SOON.plusSeconds(1));
        loop.store.refusing = true;
        loop.pass();
        loop.pass();
        assertThat(loop.manager.isReady()).as("it can be read").isFalse();
        loop.store.refusing = false;
        loop.pass();
        assertThat(loop.manager.isReady()).isTrue();
    }

    /** A consequence of a foreign change has no caller to which it could be rejected. */
    @Test
    void refusedConsequenceOfAStoreEvent_isRetriedUntilAccepted() {
        loop.begin();
        loop.store.refused = Keys.packageState("p");
        loop.foreign(Keys.modelState("m"), "Dead");
        loop.turn();
        assertThat(loop.manager.isReady()).isFalse();
        loop.store.refused = null;
        loop.pass();
        assertThat(loop.manager.isReady()).isTrue();
        assertThat(loop.store.value(Keys.packageState("p"))).isEqualTo("Error");
    }

    @Test
    void reread_leavesOneWatch() {
        loop.begin();
        loop.store.faults.add(FaultyStore.Fault.LOST);
        CompletableFuture<CommandResult> answer = loop.set(ModelState.DEAD);
        loop.turn();
        loop.pass();
        assertThat(answer).isCompletedWithValue(new CommandResult.Done("model m is Dead"));
        assertThat(loop.store.watches).hasValue(1);
    }

    @Test
    void eventsFromBeforeTheRead_areIgnored() {
        loop.begin();
        loop.foreign(Keys.artifact("Package", "q"), CascadeRig.packageYaml("q", "m"));
        loop.store.mute = true;
        loop.store.delete(Keys.artifact("Package", "q"));
        loop.store.loseWatch();
        loop.turn();
        assertThat(loop.manager.isReady()).isTrue();
        assertThat(loop.manager.view().packages()).containsOnlyKeys("p");
        assertThat(loop.store.get(Keys.packageState("q"))).isEmpty();
    }

    @Test
    void lostWatch_leadsToAReread() {
        loop.begin();
        loop.store.mute = true;
        loop.store.put(Keys.modelState("m"), "Dead");
        loop.turn();
        assertThat(loop.store.value(Keys.packageState("p"))).isEqualTo("Idle");
        loop.store.loseWatch();
        loop.turn();
        assertThat(loop.store.value(Keys.packageState("p"))).isEqualTo("Error");
    }

    @Test
    void eventsOverTheQueueLimit_leadToAReread() {
        loop.begin();
        int reads = loop.store.reads.get();
        for (int i = 0; i < 3; i++) {
            loop.foreign(Keys.modelState("m"), i % 2 == 0 ? "Dead" : "Running");
        }
        loop.turn();
        assertThat(loop.store.reads).as("the limit is not exceeded").hasValue(reads);
        for (int i = 0; i < 4; i++) {
            loop.foreign(Keys.modelState("m"), i % 2 == 0 ? "Running" : "Dead");
        }
        loop.turn();
        assertThat(loop.store.reads).hasValueGreaterThan(reads);
        assertThat(loop.store.value(Keys.packageState("p"))).isEqualTo("Error");
    }

    @Test
    void storeUnavailableAtTheStart_isRetried() {
        loop.store.away = true;
        loop.manager.start();
        loop.turn();
        int reads = loop.store.reads.get();
        assertThat(loop.manager.isReady()).isFalse();
        loop.turn();
        assertThat(loop.store.reads).as("no read during the pause").hasValue(reads);
        loop.store.away = false;
        loop.pass();
        assertThat(loop.manager.isReady()).isTrue();
    }

    @Test
    void storeThatCannotBeReadOrWatched_isRetried() {
        for (RuntimeException failure :
                List.of(new StoreUnavailableException("forced"), new IllegalStateException("forced"))) {
            loop.store.unread.add(failure);
            loop.store.unwatched.add(failure);
        }
        loop.manager.start();
        loop.turn();
        for (int i = 0; i < 4; i++) {
            assertThat(loop.manager.isReady()).as("after %d tries", i + 1).isFalse();
            loop.pass();
        }
        assertThat(loop.manager.isReady()).isTrue();
        assertThat(loop.store.unread).isEmpty();
        assertThat(loop.store.unwatched).isEmpty();
    }

    @Test
    void defect_doesNotEndTheLoop() {
        AtomicBoolean defect = new AtomicBoolean();
        loop.manager.onReadiness(ready -> {
            if (ready && defect.compareAndSet(false, true)) {
                throw new IllegalStateException("forced");
            }
        });
        loop.manager.start();
        loop.turn();
        assertThat(defect).isTrue();
        assertThat(loop.manager.isReady()).isFalse();
        loop.pass();
        assertThat(loop.manager.isReady()).isTrue();
        CompletableFuture<CommandResult> answer = loop.set(ModelState.DEAD);
        loop.turn();
        assertThat(answer).isCompletedWithValue(new CommandResult.Done("model m is Dead"));
    }
}
