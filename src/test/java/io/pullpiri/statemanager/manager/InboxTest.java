package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Answer;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.ContainerFacts;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.WatchEvent;
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

    private static Command report(int length) {
        return new Command.NodeReport(
                "n", List.of(new ContainerFacts("1", "c".repeat(length), "", Map.of(), Map.of(), Map.of())));
    }
}
