// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The events that readers of the feed get from memory and from the journal. */
class ChangeReaderTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    private final Cascade cascade = new Cascade(
            new Rules(
                    Set.of(0),
                    Duration.ZERO,
                    Duration.ZERO,
                    Duration.ZERO,
                    Rules.Vanished.EXITED,
                    Set.of(),
                    false,
                    100),
            new Plan.TransactionLimits(128, 1 << 20, 1L << 40));
    private FaultyStore store;
    private ChangeFeed feed;
    private View view = View.EMPTY;

    @BeforeEach
    void open() {
        store = new FaultyStore(SqliteStore.open(folder.resolve("states.db")));
        restart();
    }

    @AfterEach
    void close() {
        store.close();
    }

    /** Commits a change of models to a state. */
    private void change(ModelState state, String... models) {
        List<Command> commands = new ArrayList<>();
        for (String model : models) {
            commands.add(new Command.ModelChange(model, state, "", "test"));
        }
        Plan plan = cascade.plan(view, commands, new Timestamp(1, 1));
        List<Long> revisions = new ArrayList<>();
        for (Plan.PlannedTransaction planned : plan.transactions()) {
            CommitResult result = store.commit(planned.transaction(), SOON);
            assertThat(result).isInstanceOf(CommitResult.Committed.class);
            revisions.add(((CommitResult.Committed) result).revision());
        }
        view = cascade.committed(plan, revisions);
        feed.publish(view, plan.transactions());
    }

    /** Starts another process on the same store, which knows earlier changes only from the journal. */
    private void restart() {
        feed = new ChangeFeed(store, 1 << 20);
        feed.publish(view, List.of());
    }

    private static List<String> next(ChangeReader reader) throws Exception {
        return reader.next(Duration.ZERO).stream()
                .map(event -> switch (event) {
                    case Event.Changed changed -> changed.id() + " " + name(changed.change());
                    case Event.Fault fault -> fault.id() + " " + fault.detail();
                    case Event.Recovery recovery -> recovery.id() + " " + recovery.step();
                })
                .toList();
    }

    private static String name(Transition change) {
        return change.name() + " " + change.to();
    }

    @Test
    void newReader_hasTheViewAndGetsLaterEvents() throws Exception {
        change(ModelState.RUNNING, "a");
        ChangeReader reader = feed.follow();
        assertThat(reader.start()).isSameAs(view);
        assertThat(reader.last()).isEqualTo(new EventId(2, 0));
        assertThat(next(reader)).isEmpty();
        change(ModelState.DEAD, "a", "b");
        change(ModelState.PAUSED, "a");
        assertThat(next(reader)).containsExactly("2.1 a Dead", "2.2 b Dead", "3.1 a Paused");
        assertThat(reader.last()).isEqualTo(new EventId(3, 1));
        assertThat(next(reader)).isEmpty();
        assertThat(reader.isLost()).isFalse();
    }

    @Test
    void resumedReader_getsTheEventsAfterItsPosition() throws Exception {
        change(ModelState.RUNNING, "a", "b");
        change(ModelState.DEAD, "a");
        for (boolean restarted : new boolean[] {false, true}) {
            if (restarted) {
                restart();
            }
            for (EventId place : List.of(new EventId(1, 0), new EventId(1, 1), new EventId(1, 2), new EventId(2, 0))) {
                List<String> events = new ArrayList<>();
                ChangeReader reader = feed.followAfter(place);
                assertThat(reader.start()).isNull();
                for (int slice = 0; slice < 5; slice++) { // one for each record, and one for the events in memory
                    events.addAll(next(reader));
                }
                List<String> all = List.of("1.1 a Running", "1.2 b Running", "2.1 a Dead");
                assertThat(events)
                        .as("after %s, restarted: %s", place, restarted)
                        .isEqualTo(all.subList(place.sequence() == 2 ? 2 : place.known(), 3));
            }
            assertThat(next(feed.followAfter(new EventId(3, 0)))).isEmpty();
            assertThatThrownBy(() -> feed.followAfter(new EventId(3, 1)))
                    .hasMessage("event id 3.1 is not one of this store (its next is 3.0)");
        }
    }

    @Test
    void positionBeforeTheJournal_isAGap() throws Exception {
        change(ModelState.RUNNING, "a");
        change(ModelState.DEAD, "a");
        restart();
        ChangeReader reader = feed.followAfter(new EventId(1, 0));
        assertThat(reader.isLost()).as("the store may still have the journal").isFalse();
        for (String nonsense : new String[] {"nonsense", null}) {
            Transaction.Write write = new Transaction.Write(
                    Keys.journal(1),
                    nonsense,
                    store.get(Keys.journal(1)).orElseThrow().modRevision());
            assertThat(store.commit(new Transaction(List.of(write)), SOON)).isInstanceOf(CommitResult.Committed.class);
            assertThatThrownBy(() -> reader.next(Duration.ZERO))
                    .isInstanceOf(ChangeReader.GapException.class)
                    .hasMessage("the changes after event 1.0 are not in the journal any more");
        }
        assertThat(next(feed.followAfter(new EventId(2, 5))))
                .as("a position after all changes of a record")
                .isEmpty();
    }

    @Test
    void keptEvents_areNotReadFromTheStore() throws Exception {
        change(ModelState.RUNNING, "a");
        restart();
        change(ModelState.DEAD, "a");
        store.away = true;
        assertThat(next(feed.followAfter(new EventId(2, 0)))).containsExactly("2.1 a Dead");
        assertThatThrownBy(() -> next(feed.followAfter(new EventId(1, 1)))).isInstanceOf(ReadFailedException.class);
        assertThatThrownBy(() -> next(feed.followAfter(new EventId(1, 0)))).isInstanceOf(ReadFailedException.class);
    }

    @Test
    void unavailableStore_failsTheReaderUntilItIsBack() throws Exception {
        change(ModelState.RUNNING, "a");
        restart();
        ChangeReader reader = feed.followAfter(new EventId(1, 0));
        store.away = true;
        assertThatThrownBy(() -> reader.next(Duration.ZERO)).isInstanceOf(ReadFailedException.class);
        store.away = false;
        assertThat(next(reader)).containsExactly("1.1 a Running");
    }

    @Test
    void events_areReadInSlices() throws Exception {
        ChangeReader reader = feed.follow();
        for (int i = 0; i < 600; i++) {
            feed.publishUnrecorded(id -> new Event.Fault(id, 0, "x"));
        }
        assertThat(next(reader)).hasSize(256);
        assertThat(next(reader)).hasSize(256);
        assertThat(next(reader)).hasSize(88);
    }

    @Test
    void slowReader_getsAGap() throws Exception {
        ChangeFeed large = new ChangeFeed(store, 1L << 40);
        large.publish(View.EMPTY, List.of());
        ChangeReader slow = large.follow();
        for (int i = 0; i < 1 << 16; i++) {
            large.publishUnrecorded(id -> new Event.Fault(id, 0, "x"));
        }
        assertThat(slow.isLost()).isFalse();
        large.publishUnrecorded(id -> new Event.Fault(id, 0, "one more"));
        assertThat(slow.isLost()).isTrue();
        assertThatThrownBy(() -> slow.next(Duration.ZERO))
                .isInstanceOf(ChangeReader.GapException.class)
                .hasMessage("more events have come since event 1.0 than are kept for a slow reader");
    }

    @Test
    void waitingReader_wakesOnTheNextEventAndTheNextChange() throws Exception {
        assertThat(wokenBy(() -> feed.publishUnrecorded(id -> new Event.Fault(id, 0, "woken"))))
                .hasSize(1);
        assertThat(wokenBy(() -> change(ModelState.DEAD, "a", "b"))).hasSize(2);
    }

    private List<Event> wokenBy(Runnable cause) throws Exception {
        ChangeReader reader = feed.follow();
        CompletableFuture<List<Event>> waiting = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().start(() -> {
            try {
                waiting.complete(reader.next(SOON));
            } catch (Exception e) {
                waiting.completeExceptionally(e);
            }
        });
        Await.until(SOON, () -> "waiting", () -> thread.getState() == Thread.State.TIMED_WAITING || waiting.isDone());
        cause.run();
        return waiting.get(20, TimeUnit.SECONDS);
    }

    @Test
    void feedBeforeTheFirstRead_hasNoViewAndNoEvents() throws Exception {
        ChangeFeed unread = new ChangeFeed(store, 1 << 20);
        CompletableFuture<?> first = unread.firstView(SOON);
        unread.publishUnrecorded(id -> new Event.Fault(id, 0, "unheard"));
        assertThat(unread.start().position()).isZero();
        assertThat(first).isNotDone();
        assertThat(unread.firstView(Duration.ofMillis(1)).join()).isEmpty();
        unread.publish(view, List.of());
        assertThat(Objects.requireNonNull(unread.firstView(SOON).join())).contains(view);
        assertThat(first).isDone();
    }

    @Test
    void history_isReadFromTheJournal() {
        change(ModelState.RUNNING, "a");
        change(ModelState.DEAD, "a", "b");
        var history = Objects.requireNonNull(view.models().get("a")).state().history();
        assertThat(feed.history(history)).extracting(ChangeReaderTest::name).containsExactly("a Dead", "a Running");
        store.away = true;
        assertThatThrownBy(() -> feed.history(history).toList()).isInstanceOf(ReadFailedException.class);
    }
}
