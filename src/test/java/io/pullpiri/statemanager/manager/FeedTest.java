package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.cascade.Answer;
import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.Moment;
import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.cascade.View;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What followers hear when the store was read anew; the test turns the loop by hand. */
class FeedTest {

    private static final Duration SOON = Duration.ofSeconds(5);

    @TempDir
    Path folder;

    private final Queue<Runnable> rounds = new ArrayDeque<>();
    private final Queue<Runnable> alarms = new ArrayDeque<>();
    private long nanos = 1;
    private FaultyStore store;
    private Manager manager;

    @BeforeEach
    void setUp() {
        store = new FaultyStore(SqliteStore.open(folder.resolve("states.db")));
        Clock clock = () -> new Moment(nanos, nanos);
        Rules rules =
                new Rules(Set.of(0), Duration.ZERO, Rules.Vanished.EXITED, Set.of(PackageState.ERROR), false, 100);
        Reconciler reconciler = new Reconciler(
                (scenario, timeout) -> CompletableFuture.completedFuture(new ActionController.Reply(true, "")),
                new Reconciler.Timing(Duration.ZERO, Duration.ofMinutes(1), SOON, failures -> 1),
                clock,
                (delay, task) -> {});
        manager = new Manager(
                store,
                new Cascade(rules, new Cascade.Limits(128, 1 << 20, 1L << 40)),
                reconciler,
                new Manager.Limits(SOON, 1_000, 1 << 30, 1 << 30, failures -> 1),
                clock,
                new Metrics(),
                Tracing.OFF,
                new Manager.Threads(rounds::add, Runnable::run, (delay, task) -> alarms.add(task)));
        manager.start();
        turn();
        assertThat(manager.isReady()).isTrue();
        CompletableFuture<Answer> _ = manager.submit(
                Command.ApplyArtifacts.parse("kind: Package\nmetadata: {name: p}\nspec: {models: [{name: m}]}"), SOON);
        turn();
    }

    @AfterEach
    void tearDown() {
        store.close();
    }

    private void set(ModelState state) {
        CompletableFuture<Answer> _ = manager.submit(new Command.ModelChange("m", state, "", "test"), SOON);
    }

    /** Until nothing is left to do at this moment. */
    private void turn() {
        while (!rounds.isEmpty()) {
            rounds.remove().run();
        }
    }

    /** The pause after a failure is over. */
    private void pass() {
        nanos += Duration.ofSeconds(1).toNanos();
        List<Runnable> due = List.copyOf(alarms);
        alarms.clear();
        due.forEach(Runnable::run);
        turn();
    }

    private static List<String> told(Follower follower) throws Exception {
        List<String> told = new ArrayList<>();
        for (Event event : follower.next(Duration.ZERO)) {
            if (event instanceof Event.Changed changed) {
                told.add(changed.change().name() + " " + changed.change().to());
            }
        }
        return told;
    }

    @Test
    void whatWasCommittedUnseenIsToldThoughItsRepairFailsAtFirst() throws Exception {
        Follower follower = manager.feed().follow();
        store.faults.add(FaultyStore.Fault.ANSWER_LOST);
        set(ModelState.RUNNING);
        turn();
        assertThat(manager.isReady()).as("the answer is lost").isFalse();
        store.put(Keys.packageState("p"), "Idle");
        store.before.add(() -> {}); // the fence
        store.before.add(() -> store.faults.add(FaultyStore.Fault.UNAVAILABLE));
        pass();
        assertThat(manager.isReady()).as("the repair fails").isFalse();
        pass();
        assertThat(told(follower)).containsExactly("m Running", "p Running");
        assertThat(store.get(Keys.packageState("p")).orElseThrow().value()).isEqualTo("Running");
    }

    @Test
    void whoHasReadEverythingBeginsAnewTooWhenTheJournalIsGone() throws Exception {
        set(ModelState.RUNNING);
        turn();
        Follower follower = manager.feed().follow();
        List<Transaction.Write> deletions = store.getAllWithPrefix(Keys.JOURNAL_PREFIX).stream()
                .map(entry -> new Transaction.Write(entry.key(), null, entry.modRevision()))
                .toList();
        assertThat(store.commit(new Transaction(deletions), SOON)).isInstanceOf(CommitResult.Committed.class);
        store.faults.add(FaultyStore.Fault.LOST);
        set(ModelState.DEAD);
        turn();
        assertThat(manager.isReady()).as("the outcome is unknown").isFalse();
        pass();
        assertThat(follower.isLost()).isTrue();
        assertThatThrownBy(() -> follower.next(Duration.ZERO)).isInstanceOf(Follower.LostException.class);
        assertThat(told(manager.feed().follow())).isEmpty();
    }

    @Test
    void aPlaceThatNoEventCanHaveIsRefused() {
        EventId now = manager.feed().follow().last();
        assertThatThrownBy(() -> manager.feed().followAfter(new EventId(now.sequence(), 1)))
                .isInstanceOf(Follower.LostException.class);
    }

    @Test
    void eventsAreKeptAsLongAsTheirTextsAreNotTooLong() throws Exception {
        Feed feed = new Feed(store, 10_000);
        feed.publish(View.EMPTY, List.of());
        Follower follower = feed.follow();
        for (int i = 0; i < 20; i++) {
            feed.tell(id -> new Event.Fault(id, 0, "x".repeat(100)));
        }
        assertThat(follower.next(Duration.ZERO)).hasSize(20);
        for (int i = 0; i < 20; i++) {
            feed.tell(id -> new Event.Fault(id, 0, "x".repeat(1_000)));
        }
        assertThatThrownBy(() -> follower.next(Duration.ZERO)).isInstanceOf(Follower.LostException.class);
        Follower next = feed.follow();
        for (int i = 0; i < 20; i++) {
            feed.tell(id -> new Event.Fault(id, 0, "x".repeat(100)));
        }
        assertThat(next.next(Duration.ZERO)).as("what is gone does not count").hasSize(20);
    }
}
