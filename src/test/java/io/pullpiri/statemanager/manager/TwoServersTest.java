// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two servers on one store by mistake: the one that started last owns it, and they do not alternate. */
class TwoServersTest {

    private static final String OTHER = "another StateManager (host second, process 1, since 2026-01-01T00:00:00Z)";

    @TempDir
    Path folder;

    private StateStore store;
    private SteppedManager first;
    private SteppedManager second;

    @BeforeEach
    void setUp() {
        store = SqliteStore.open(folder.resolve("states.db"));
        first = new SteppedManager(store, 10, "first");
        second = new SteppedManager(store, 10, "second");
        first.begin();
    }

    @AfterEach
    void tearDown() {
        store.close();
    }

    private void startSecond() {
        second.manager.start();
        second.turn();
        assertThat(second.manager.isReady()).isTrue();
    }

    private static CompletableFuture<CommandResult> crash(SteppedManager server) {
        return server.submit(new Command.NodeReport("HPC", List.of(CascadeRig.container("m/m_main=exited:139"))));
    }

    private static void assertOther(CompletableFuture<CommandResult> answer) {
        assertThat(answer)
                .isCompletedWithValueMatching(given -> given instanceof CommandResult.NotDurableYet unavailable
                        && unavailable.reason().contains(OTHER));
    }

    // [utest->req~sto-owner~1]
    @Test
    void commandAfterATakeover_isRejectedAndNotStored() {
        startSecond();
        CompletableFuture<CommandResult> answer = first.set(ModelState.DEAD);
        first.turn();
        first.pass();
        assertOther(answer);
        assertThat(store.get(Keys.modelState("m"))).isEmpty();
        assertThat(first.manager.isReady()).isFalse();
        assertThat(first.manager.whyNotReady()).contains(OTHER);
        assertOther(first.set(ModelState.PAUSED));
    }

    @Test
    void idleServer_noticesATakeover() {
        startSecond();
        first.elapse(Duration.ofNanos(StoreHealth.SILENCE));
        first.pass();
        first.pass();
        assertThat(first.manager.isReady()).isFalse();
        assertThat(first.manager.whyNotReady()).contains(OTHER);
    }

    @Test
    void twoServers_doNotAlternate() {
        startSecond();
        String record = second.store.value(Keys.OWNER);
        for (int i = 0; i < 10; i++) {
            var _ = crash(first);
            first.turn();
            first.pass();
            CompletableFuture<CommandResult> answer = second.set(i % 2 == 0 ? ModelState.PAUSED : ModelState.EXITED);
            second.turn();
            assertThat(answer).isCompletedWithValueMatching(CommandResult.Done.class::isInstance);
            assertThat(second.manager.isReady()).isTrue();
            assertThat(second.store.value(Keys.OWNER)).isEqualTo(record);
        }
        assertThat(first.manager.isReady()).isFalse();
        assertThat(store.get(Keys.modelState("m")).orElseThrow().value()).isEqualTo("Exited");
    }

    @Test
    void startAfterACrash_ownsTheStoreAtOnce() {
        startSecond(); // the first server is not closed, but its loop never runs again
        CompletableFuture<CommandResult> answer = second.set(ModelState.DEAD);
        second.turn();
        assertThat(answer).isCompletedWithValue(new CommandResult.Done("model m is Dead"));
    }

    @Test
    void orderlyStopOfTheNewOwner_releasesTheStoreWithoutWaitingCommands() {
        startSecond();
        CompletableFuture<CommandResult> report = crash(first);
        first.turn();
        first.pass();
        assertOther(report);
        second.stop();
        assertThat(store.get(Keys.OWNER)).isEmpty();
        first.pass();
        assertThat(first.manager.isReady()).isTrue();
        assertThat(store.get(Keys.modelState("m")))
                .as("the other server may have newer commands")
                .isEmpty();
        CompletableFuture<CommandResult> answer = first.set(ModelState.RUNNING);
        first.turn();
        assertThat(answer).isCompletedWithValue(new CommandResult.Done("model m is Running"));
    }

    @Test
    void stopOfTheOldOwner_leavesTheNewOwnersRecord() {
        startSecond();
        first.stop();
        assertThat(second.store.value(Keys.OWNER)).contains("second");
    }

    @Test
    void serverThatLostTheStore_sendsNoRequests() {
        first.die("s");
        startSecond();
        first.elapse(Duration.ofNanos(StoreHealth.SILENCE));
        first.pass();
        first.pass();
        first.call();
        assertThat(first.asked).isEmpty();
        second.call();
        assertThat(second.asked).containsExactly("s");
        second.stop();
        first.pass();
        first.call();
        assertThat(first.asked).as("it owns the store again").containsExactly("s");
    }
}
