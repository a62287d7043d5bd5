package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.WatchEvent;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class InboxTest {

    private final Inbox inbox = new Inbox(10);

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
}
