package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Answer;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.ContainerFacts;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.WatchEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class InboxTest {

    private final Inbox inbox = new Inbox(10, 10_000);

    /** Otherwise a command would be decided on a key that others have changed before, and be overruled by their older word. */
    @Test
    void whatTheStoreTellsComesBeforeWhatWaits() {
        Command first = new Command.ModelChange("a", ModelState.RUNNING, "", "test");
        Command second = new Command.ModelChange("b", ModelState.RUNNING, "", "test");
        Command.StoreEvents told = new Command.StoreEvents(List.of(new WatchEvent("/model/a/state", "Dead", 7)), false);
        Command.StoreEvents toldLater =
                new Command.StoreEvents(List.of(new WatchEvent("/model/a/state", null, 8)), false);
        inbox.offer(first, new CompletableFuture<>(), 0, 10);
        inbox.offerEvents(told);
        inbox.offer(second, new CompletableFuture<>(), 0, 10);
        inbox.offerEvents(toldLater);
        assertThat(inbox.take(10, 0)).extracting(Inbox.Entry::command).containsExactly(told, toldLater, first, second);
    }

    /** Found by the simulation (day 25799): what the clock had begun was decided without what the store had told. */
    @Test
    void whatTheClockBeginsComesBehindWhatTheStoreTellsAndBeforeAllElse() {
        offer(change("a"));
        inbox.offerEvents(told("b"));
        inbox.offerTick();
        assertThat(inbox.take(10, 0))
                .extracting(Inbox.Entry::command)
                .containsExactly(told("b"), new Command.Tick(), change("a"));
        for (int i = 0; i < 5; i++) {
            offer(change("m" + i));
            inbox.offerEvents(told("m" + i));
        }
        inbox.offerTick();
        assertThat(inbox.take(3, 0))
                .as("however few are taken")
                .extracting(Inbox.Entry::command)
                .containsExactly(told("m0"), told("m1"), told("m2"));
        assertThat(inbox.take(4, 0))
                .extracting(Inbox.Entry::command)
                .containsExactly(told("m3"), told("m4"), new Command.Tick(), change("m0"));
        assertThat(inbox.size()).isEqualTo(4);
        inbox.offerTick();
        inbox.offerTick();
        assertThat(inbox.size()).as("one turn is enough").isEqualTo(5);
        inbox.offerEvents(told("b"));
        assertThat(inbox.take(1, 0)).extracting(Inbox.Entry::command).containsExactly(new Command.Tick());
        inbox.offerTick();
        assertThat(inbox.take(2, 0)).extracting(Inbox.Entry::command).containsExactly(told("b"), new Command.Tick());
    }

    /** Else what the store refuses would never be alone, and never be found, as long as the store tells something. */
    @Test
    void whereOneIsTakenAloneItIsTheOldest() {
        offer(change("refused"));
        inbox.offerEvents(told("b"));
        assertThat(inbox.take(1, 0)).extracting(Inbox.Entry::command).containsExactly(change("refused"));
    }

    @Test
    void whatWaitsIsBoundedInMemory() {
        Command large = new Command.ModelChange("a", ModelState.RUNNING, "t".repeat(6_000), "test");
        assertThat(inbox.offer(large, new CompletableFuture<>(), 0, 10)).isTrue();
        assertThat(inbox.offer(large, new CompletableFuture<>(), 0, 10)).isFalse();
        inbox.giveBack(inbox.take(10, 0));
        assertThat(inbox.offer(large, new CompletableFuture<>(), 0, 10))
                .as("given back, it waits again")
                .isFalse();
        assertThat(inbox.take(10, 0)).hasSize(1);
        assertThat(inbox.offer(large, new CompletableFuture<>(), 0, 10)).isTrue();
    }

    @Test
    void aNewerReportTakesTheOldersPlaceAndItsMemory() {
        assertThat(inbox.offer(report(6_000), new CompletableFuture<>(), 0, 10)).isTrue();
        assertThat(inbox.offer(report(9_000), new CompletableFuture<>(), 0, 10)).isTrue();
        inbox.offer(new Command.ModelChange("a", ModelState.RUNNING, "", "test"), new CompletableFuture<>(), 0, 10);
        assertThat(inbox.offer(report(11_000), new CompletableFuture<>(), 0, 10))
                .isFalse();
        assertThat(inbox.offer(report(10), new CompletableFuture<>(), 0, 10)).isTrue();
        assertThat(inbox.take(10, 0)).extracting(Inbox.Entry::command).startsWith(report(10));
        assertThat(inbox.offer(report(9_000), new CompletableFuture<>(), 0, 10)).isTrue();
    }

    @Test
    void oneThatIsLargerThanAllThatMayWaitGetsItsTurnAlone() {
        assertThat(inbox.offer(report(11_000), new CompletableFuture<>(), 0, 10))
                .isTrue();
        assertThat(inbox.offer(
                        new Command.ModelChange("a", ModelState.RUNNING, "", "test"), new CompletableFuture<>(), 0, 10))
                .isFalse();
        assertThat(inbox.take(10, 0)).hasSize(1);
    }

    @Test
    void ofVeryManyCallersWithOneReportTheOldestAreAnswered() {
        CompletableFuture<Answer> first = new CompletableFuture<>();
        inbox.offer(report(10), first, 0, 10);
        for (int i = 0; i < 100; i++) {
            inbox.offer(report(10), new CompletableFuture<>(), 0, 10);
        }
        assertThat(first).isCompletedWithValueMatching(answer -> answer instanceof Answer.Unavailable);
        assertThat(inbox.take(10, 0)).hasSize(1);
    }

    @Test
    void commandsAndEventsAreBoundedEachForThemselves() {
        for (int i = 0; i < 10; i++) {
            assertThat(offer(change("m" + i))).isTrue();
            assertThat(inbox.offerEvents(told("m" + i))).isTrue();
        }
        assertThat(offer(change("one-more"))).isFalse();
        assertThat(inbox.offerEvents(told("one-more"))).isFalse();
        assertThat(inbox.size()).isEqualTo(20);
        assertThat(inbox.take(11, 0)).hasSize(11);
        assertThat(offer(change("one-more"))).isTrue();
        assertThat(inbox.offerEvents(told("one-more"))).isTrue();
    }

    @Test
    void aNewSnapshotHasTheEventsAndNotTheCommands() {
        for (int i = 0; i < 10; i++) {
            offer(change("m" + i));
            inbox.offerEvents(told("m" + i));
        }
        inbox.dropEvents();
        assertThat(offer(change("one-more"))).isFalse();
        for (int i = 0; i < 10; i++) {
            assertThat(inbox.offerEvents(told("m" + i))).isTrue();
        }
        assertThat(inbox.offerEvents(told("one-more"))).isFalse();
        assertThat(inbox.size()).isEqualTo(20);
    }

    @Test
    void whatIsGivenBackComesFirstInItsOrderButForWhatTheLoopHasBegun() {
        offer(change("a"));
        inbox.offerEvents(told("b"));
        offer(report(10));
        offer(change("c"));
        List<Inbox.Entry> batch = new ArrayList<>(inbox.take(10, 0));
        batch.add(new Inbox.Entry(new Command.Tick(), 0, Long.MAX_VALUE));
        batch.add(new Inbox.Entry(new Command.Repair(), 0, Long.MAX_VALUE));
        assertThat(inbox.size()).isZero();
        offer(change("later"));
        inbox.giveBack(batch);
        assertThat(inbox.take(10, 0))
                .extracting(Inbox.Entry::command)
                .containsExactly(told("b"), change("a"), report(10), change("c"), change("later"));
        for (int i = 0; i < 10; i++) {
            assertThat(inbox.offerEvents(told("m" + i))).isTrue();
            assertThat(offer(change("m" + i))).isTrue();
        }
    }

    @Test
    void whoseReportIsGivenBackGetsTheOutcomeOfTheNewerOne() {
        CompletableFuture<Answer> older = new CompletableFuture<>();
        CompletableFuture<Answer> newer = new CompletableFuture<>();
        inbox.offer(report(10), older, 0, 10);
        List<Inbox.Entry> batch = inbox.take(10, 0);
        inbox.offer(report(20), newer, 0, 10);
        inbox.giveBack(batch);
        List<Inbox.Entry> taken = inbox.take(10, 0);
        assertThat(taken).extracting(Inbox.Entry::command).containsExactly(report(20));
        taken.getFirst().answer(new Answer.Done("stored"));
        assertThat(older).isCompletedWithValue(new Answer.Done("stored"));
        assertThat(newer).isCompletedWithValue(new Answer.Done("stored"));
        assertThat(offer(report(9_000))).as("nothing else is counted").isTrue();
        assertThat(offer(change("a"))).isTrue();
    }

    @Test
    void whoDoesNotWaitAnyMoreIsPassedOverUnlessItIsAReport() {
        inbox.offer(change("a"), new CompletableFuture<>(), 100, 10);
        inbox.offer(report(10), new CompletableFuture<>(), 100, 10);
        inbox.offerEvents(told("b"));
        List<Inbox.Entry> inTime = inbox.take(10, 110);
        assertThat(inTime).extracting(Inbox.Entry::command).containsExactly(told("b"), change("a"), report(10));
        assertThat(inTime).extracting(Inbox.Entry::hasCaller).containsExactly(false, true, true);
        assertThat(inTime).extracting(Inbox.Entry::received).containsExactly(0L, 100L, 100L);
        inbox.giveBack(inTime);
        assertThat(inbox.take(10, 111)).extracting(Inbox.Entry::command).containsExactly(told("b"), report(10));
        assertThat(inbox.size()).isZero();
    }

    @Test
    void whoIsAnsweredAlreadyTakesNoPlaceAmongTheCallers() {
        CompletableFuture<Answer> waiting = new CompletableFuture<>();
        inbox.offer(report(10), waiting, 0, 10);
        for (int i = 0; i < 300; i++) {
            inbox.offer(report(10), CompletableFuture.completedFuture(new Answer.Done("late")), 0, 10);
        }
        assertThat(waiting).isNotDone();
    }

    private boolean offer(Command command) {
        return inbox.offer(command, new CompletableFuture<>(), 0, 10);
    }

    private static Command change(String model) {
        return new Command.ModelChange(model, ModelState.RUNNING, "", "test");
    }

    private static Command.StoreEvents told(String model) {
        return new Command.StoreEvents(List.of(new WatchEvent("/model/" + model + "/state", "Dead", 7)), false);
    }

    private static Command report(int length) {
        return new Command.NodeReport(
                "n", List.of(new ContainerFacts("1", "c".repeat(length), "", Map.of(), Map.of(), Map.of())));
    }
}
