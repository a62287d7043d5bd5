// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.view.View;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The events that readers get after the store was re-read. */
class ChangeFeedTest {

    @TempDir
    Path folder;

    private SteppedManager loop;
    private FaultyStore store;
    private Manager manager;

    @BeforeEach
    void setUp() {
        loop = new SteppedManager(SqliteStore.open(folder.resolve("states.db")), 1_000);
        loop.begin();
        store = loop.store;
        manager = loop.manager;
    }

    @AfterEach
    void tearDown() {
        loop.close();
    }

    private static List<String> changes(ChangeReader reader) throws Exception {
        List<String> changes = new ArrayList<>();
        for (Event event : reader.next(Duration.ZERO)) {
            if (event instanceof Event.Changed changed) {
                changes.add(changed.change().name() + " " + changed.change().to());
            }
        }
        return changes;
    }

    @Test
    void changesCommittedUnseen_areDeliveredAlthoughTheRepairFailsFirst() throws Exception {
        ChangeReader reader = manager.feed().follow();
        store.faults.add(FaultyStore.Fault.ANSWER_LOST);
        CompletableFuture<CommandResult> _ = loop.set(ModelState.RUNNING);
        loop.turn();
        assertThat(manager.isReady()).as("the answer is lost").isFalse();
        store.put(Keys.packageState("p"), "Idle");
        store.before.add(() -> {}); // the fence
        store.before.add(() -> store.faults.add(FaultyStore.Fault.UNAVAILABLE));
        loop.pass();
        assertThat(manager.isReady()).as("the repair fails").isFalse();
        loop.pass();
        assertThat(changes(reader)).containsExactly("m Running", "p Running");
        assertThat(store.get(Keys.packageState("p")).orElseThrow().value()).isEqualTo("Running");
    }

    @Test
    void upToDateReader_startsAgainWhenTheJournalIsGone() throws Exception {
        CompletableFuture<CommandResult> _ = loop.set(ModelState.RUNNING);
        loop.turn();
        ChangeReader reader = manager.feed().follow();
        List<Transaction.Write> deletions = store.getAllWithPrefix(Keys.JOURNAL_PREFIX).stream()
                .map(entry -> new Transaction.Write(entry.key(), null, entry.modRevision()))
                .toList();
        assertThat(store.commit(new Transaction(deletions), SteppedManager.SOON))
                .isInstanceOf(CommitResult.Committed.class);
        store.faults.add(FaultyStore.Fault.LOST);
        CompletableFuture<CommandResult> _ = loop.set(ModelState.DEAD);
        loop.turn();
        assertThat(manager.isReady()).as("the outcome is unknown").isFalse();
        loop.pass();
        assertThat(reader.isLost()).isTrue();
        assertThatThrownBy(() -> reader.next(Duration.ZERO)).isInstanceOf(ChangeReader.GapException.class);
        assertThat(changes(manager.feed().follow())).isEmpty();
    }

    @Test
    void impossiblePosition_isRejected() {
        EventId now = manager.feed().follow().last();
        assertThatThrownBy(() -> manager.feed().followAfter(new EventId(now.sequence(), 1)))
                .isInstanceOf(ChangeReader.GapException.class);
    }

    @Test
    void events_areKeptWithinTheirMemoryBound() throws Exception {
        ChangeFeed feed = new ChangeFeed(store, 10_000);
        feed.publish(View.EMPTY, List.of());
        ChangeReader reader = feed.follow();
        for (int i = 0; i < 20; i++) {
            feed.publishUnrecorded(id -> new Event.Fault(id, 0, "x".repeat(100)));
        }
        assertThat(reader.next(Duration.ZERO)).hasSize(20);
        for (int i = 0; i < 20; i++) {
            feed.publishUnrecorded(id -> new Event.Fault(id, 0, "x".repeat(1_000)));
        }
        assertThatThrownBy(() -> reader.next(Duration.ZERO)).isInstanceOf(ChangeReader.GapException.class);
        ChangeReader next = feed.follow();
        for (int i = 0; i < 20; i++) {
            feed.publishUnrecorded(id -> new Event.Fault(id, 0, "x".repeat(100)));
        }
        assertThat(next.next(Duration.ZERO)).as("dropped events take no memory").hasSize(20);
    }
}
