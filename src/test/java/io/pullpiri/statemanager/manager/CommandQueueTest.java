// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.WatchEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CommandQueueTest {

    private final List<String> replaced = new ArrayList<>();
    private final CommandQueue queue = new CommandQueue(10, 10_000, replaced::add);

    /** Otherwise a command would be decided without an earlier foreign change, which would later overwrite its result. */
    @Test
    void storeEvents_areTakenBeforeCommands() {
        Command first = new Command.ModelChange("a", ModelState.RUNNING, "", "test");
        Command second = new Command.ModelChange("b", ModelState.RUNNING, "", "test");
        Command.StoreEvents events =
                new Command.StoreEvents(List.of(new WatchEvent("/model/a/state", "Dead", 7)), false);
        Command.StoreEvents laterEvents =
                new Command.StoreEvents(List.of(new WatchEvent("/model/a/state", null, 8)), false);
        offer(first, new CompletableFuture<>(), 0, 10);
        queue.offerEvents(events);
        offer(second, new CompletableFuture<>(), 0, 10);
        queue.offerEvents(laterEvents);
        assertThat(queue.take(10, 0))
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(events, laterEvents, first, second);
    }

    /** Found by the simulation (day 25799): a tick was decided without the store events that were waiting. */
    @Test
    void tick_isTakenAfterStoreEventsAndBeforeCommands() {
        offer(change("a"));
        queue.offerEvents(event("b"));
        queue.offerTick();
        assertThat(queue.take(10, 0))
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(event("b"), new Command.Tick(), change("a"));
        for (int i = 0; i < 5; i++) {
            offer(change("m" + i));
            queue.offerEvents(event("m" + i));
        }
        queue.offerTick();
        assertThat(queue.take(3, 0))
                .as("even if few are taken")
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(event("m0"), event("m1"), event("m2"));
        assertThat(queue.take(4, 0))
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(event("m3"), event("m4"), new Command.Tick(), change("m0"));
        assertThat(queue.size()).isEqualTo(4);
        queue.offerTick();
        queue.offerTick();
        assertThat(queue.size()).as("only one tick waits").isEqualTo(5);
        queue.offerEvents(event("b"));
        assertThat(queue.take(1, 0))
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(new Command.Tick());
        queue.offerTick();
        assertThat(queue.take(2, 0))
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(event("b"), new Command.Tick());
    }

    /** Otherwise a command that the store refuses would never be alone, and never be found, while store events arrive. */
    @Test
    void singleTake_returnsTheOldest() {
        offer(change("refused"));
        queue.offerEvents(event("b"));
        assertThat(queue.take(1, 0))
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(change("refused"));
    }

    @Test
    void waitingCommands_areBoundedInMemory() {
        Command large = new Command.ModelChange("a", ModelState.RUNNING, "t".repeat(6_000), "test");
        assertThat(offer(large, new CompletableFuture<>(), 0, 10)).isTrue();
        assertThat(offer(large, new CompletableFuture<>(), 0, 10)).isFalse();
        queue.giveBack(queue.take(10, 0));
        assertThat(offer(large, new CompletableFuture<>(), 0, 10))
                .as("a returned command counts again")
                .isFalse();
        assertThat(queue.take(10, 0)).hasSize(1);
        assertThat(offer(large, new CompletableFuture<>(), 0, 10)).isTrue();
    }

    @Test
    void newerReport_takesThePlaceAndMemoryOfTheOlder() {
        assertThat(offer(report(6_000), new CompletableFuture<>(), 0, 10)).isTrue();
        assertThat(offer(report(9_000), new CompletableFuture<>(), 0, 10)).isTrue();
        offer(new Command.ModelChange("a", ModelState.RUNNING, "", "test"), new CompletableFuture<>(), 0, 10);
        assertThat(offer(report(11_000), new CompletableFuture<>(), 0, 10)).isFalse();
        assertThat(offer(report(10), new CompletableFuture<>(), 0, 10)).isTrue();
        assertThat(queue.take(10, 0))
                .extracting(CommandQueue.PendingCommand::command)
                .startsWith(report(10));
        assertThat(offer(report(9_000), new CompletableFuture<>(), 0, 10)).isTrue();
    }

    @Test
    void oversizedCommand_isTakenAlone() {
        assertThat(offer(report(11_000), new CompletableFuture<>(), 0, 10)).isTrue();
        assertThat(offer(
                        new Command.ModelChange("a", ModelState.RUNNING, "", "test"), new CompletableFuture<>(), 0, 10))
                .isFalse();
        assertThat(queue.take(10, 0)).hasSize(1);
    }

    @Test
    void manyCallersOfOneReport_areBoundedByAnsweringTheOldest() {
        CompletableFuture<CommandResult> first = new CompletableFuture<>();
        offer(report(10), first, 0, 10);
        for (int i = 0; i < 100; i++) {
            offer(report(10), new CompletableFuture<>(), 0, 10);
        }
        assertThat(first).isCompletedWithValueMatching(answer -> answer instanceof CommandResult.NotDurableYet);
        assertThat(queue.take(10, 0)).hasSize(1);
    }

    @Test
    void commandsAndEvents_areBoundedSeparately() {
        for (int i = 0; i < 10; i++) {
            assertThat(offer(change("m" + i))).isTrue();
            assertThat(queue.offerEvents(event("m" + i))).isTrue();
        }
        assertThat(offer(change("one-more"))).isFalse();
        assertThat(queue.offerEvents(event("one-more"))).isFalse();
        assertThat(queue.size()).isEqualTo(20);
        assertThat(queue.take(11, 0)).hasSize(11);
        assertThat(offer(change("one-more"))).isTrue();
        assertThat(queue.offerEvents(event("one-more"))).isTrue();
    }

    @Test
    void newSnapshot_dropsEventsAndKeepsCommands() {
        for (int i = 0; i < 10; i++) {
            offer(change("m" + i));
            queue.offerEvents(event("m" + i));
        }
        queue.dropEvents();
        assertThat(offer(change("one-more"))).isFalse();
        for (int i = 0; i < 10; i++) {
            assertThat(queue.offerEvents(event("m" + i))).isTrue();
        }
        assertThat(queue.offerEvents(event("one-more"))).isFalse();
        assertThat(queue.size()).isEqualTo(20);
    }

    @Test
    void returnedCommands_comeFirstInTheirOrderAfterStartedOnes() {
        offer(change("a"));
        queue.offerEvents(event("b"));
        offer(report(10));
        offer(change("c"));
        List<CommandQueue.PendingCommand> batch = new ArrayList<>(queue.take(10, 0));
        batch.add(new CommandQueue.PendingCommand(new Command.Tick(), 0, Long.MAX_VALUE));
        batch.add(new CommandQueue.PendingCommand(new Command.Repair(), 0, Long.MAX_VALUE));
        assertThat(queue.size()).isZero();
        offer(change("later"));
        queue.giveBack(batch);
        assertThat(queue.take(10, 0))
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(event("b"), change("a"), report(10), change("c"), change("later"));
        for (int i = 0; i < 10; i++) {
            assertThat(queue.offerEvents(event("m" + i))).isTrue();
            assertThat(offer(change("m" + i))).isTrue();
        }
    }

    @Test
    void callerOfAReturnedReport_getsTheOutcomeOfTheNewerOne() {
        CompletableFuture<CommandResult> older = new CompletableFuture<>();
        CompletableFuture<CommandResult> newer = new CompletableFuture<>();
        offer(report(10), older, 0, 10);
        List<CommandQueue.PendingCommand> batch = queue.take(10, 0);
        offer(report(20), newer, 0, 10);
        queue.giveBack(batch);
        List<CommandQueue.PendingCommand> taken = queue.take(10, 0);
        assertThat(taken).extracting(CommandQueue.PendingCommand::command).containsExactly(report(20));
        taken.getFirst().answer(new CommandResult.Done("stored"));
        assertThat(older).isCompletedWithValue(new CommandResult.Done("stored"));
        assertThat(newer).isCompletedWithValue(new CommandResult.Done("stored"));
        assertThat(offer(report(9_000))).as("nothing else is counted").isTrue();
        assertThat(offer(change("a"))).isTrue();
    }

    @Test
    void commandWithoutAWaitingCaller_isSkippedUnlessItIsAReport() {
        offer(change("a"), new CompletableFuture<>(), 100, 10);
        offer(report(10), new CompletableFuture<>(), 100, 10);
        queue.offerEvents(event("b"));
        List<CommandQueue.PendingCommand> inTime = queue.take(10, 110);
        assertThat(inTime)
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(event("b"), change("a"), report(10));
        assertThat(inTime).extracting(CommandQueue.PendingCommand::hasCaller).containsExactly(false, true, true);
        assertThat(inTime).extracting(CommandQueue.PendingCommand::received).containsExactly(0L, 100L, 100L);
        queue.giveBack(inTime);
        assertThat(queue.take(10, 111))
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(event("b"), report(10));
        assertThat(queue.size()).isZero();
    }

    // [utest->req~scn-kept~1]
    @Test
    void lastAnnouncementAndLastStepOfAScenario_areKeptWithoutAWaitingCaller() {
        Command first = step("s", ScenarioState.IDLE, ScenarioState.WAITING);
        Command announcement = step("s", null, ScenarioState.IDLE);
        Command last = step("s", ScenarioState.ALLOWED, ScenarioState.COMPLETED);
        Command other = step("t", ScenarioState.IDLE, ScenarioState.WAITING);
        for (Command command : List.of(first, announcement, last, other)) {
            offer(command, new CompletableFuture<>(), 100, 10);
        }
        List<CommandQueue.PendingCommand> inTime = queue.take(10, 110);
        assertThat(inTime)
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(first, announcement, last, other);
        queue.giveBack(inTime);
        List<CommandQueue.PendingCommand> late = queue.take(10, 111);
        assertThat(late)
                .as("the last ones, in the order in which they came")
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(announcement, last, other);
        Command newer = step("s", ScenarioState.IDLE, ScenarioState.WAITING);
        offer(newer, new CompletableFuture<>(), 111, 10);
        queue.giveBack(late);
        assertThat(queue.take(10, 1_000))
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(announcement, other, newer);
        assertThat(queue.size()).isZero();
    }

    /** Otherwise invented scenarios would take the places of node reports during an outage. */
    @Test
    void stepsWithoutAWaitingCaller_areKeptInHalfOfTheQueue() {
        for (int i = 0; i < 10; i++) {
            offer(step("s" + i, null, ScenarioState.IDLE), new CompletableFuture<>(), 100, 10);
        }
        List<CommandQueue.PendingCommand> kept = queue.take(10, 111);
        assertThat(kept)
                .as("the newest")
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactlyElementsOf(IntStream.range(5, 10)
                        .mapToObj(i -> step("s" + i, null, ScenarioState.IDLE))
                        .toList());
        queue.giveBack(kept);
        assertThat(queue.take(10, 200)).hasSize(5);
    }

    private static Command step(String scenario, @Nullable ScenarioState current, ScenarioState target) {
        return new Command.ScenarioChange(scenario, current, target, "id", 1, "test");
    }

    @Test
    void answeredCaller_takesNoPlaceAmongTheCallers() {
        CompletableFuture<CommandResult> waiting = new CompletableFuture<>();
        offer(report(10), waiting, 0, 10);
        for (int i = 0; i < 300; i++) {
            offer(report(10), CompletableFuture.completedFuture(new CommandResult.Done("late")), 0, 10);
        }
        assertThat(waiting).isNotDone();
    }

    @Test
    void listsOfUnknownNodes_shareAQuarterOfTheQueue() {
        assertThat(unknown("x", 10)).isEqualTo(CommandQueue.Offer.TAKEN);
        assertThat(unknown("y", 10)).isEqualTo(CommandQueue.Offer.TAKEN);
        assertThat(unknown("z", 10)).as("two of ten places").isEqualTo(CommandQueue.Offer.UNKNOWN_FULL);
        assertThat(unknown("x", 500)).as("in place of the older one").isEqualTo(CommandQueue.Offer.TAKEN);
        assertThat(unknown("y", 2_000)).as("2,500 of 10,000 bytes").isEqualTo(CommandQueue.Offer.UNKNOWN_FULL);
        assertThat(offer(change("a"))).isTrue();
        queue.giveBack(queue.take(10, 0));
        assertThat(unknown("z", 10)).as("returned lists count again").isEqualTo(CommandQueue.Offer.UNKNOWN_FULL);
        queue.take(10, 0);
        assertThat(unknown("z", 9_000)).as("alone").isEqualTo(CommandQueue.Offer.TAKEN);
    }

    @Test
    void listOfAKnownNode_displacesTheNewestOfUnknownNodes() {
        CompletableFuture<CommandResult> first = new CompletableFuture<>();
        CompletableFuture<CommandResult> second = new CompletableFuture<>();
        queue.offer(list("x", 10), false, first, 0, 10);
        queue.offer(list("y", 10), false, second, 0, 10);
        for (int i = 0; i < 8; i++) {
            assertThat(offer(change("m" + i))).isTrue();
        }
        assertThat(offer(change("one-more"))).as("its caller can repeat it").isFalse();
        assertThat(offer(list("known", 10))).isTrue();
        assertThat(replaced).containsExactly("y");
        assertThat(second).isCompletedWithValueMatching(answer -> answer instanceof CommandResult.NotDurableYet);
        assertThat(first).isNotDone();
        assertThat(offer(list("known", 8_500)))
                .as("a larger newer list displaces lists to make room")
                .isFalse();
        assertThat(replaced)
                .as("displacing all lists would not make enough room")
                .containsExactly("y");
        assertThat(offer(list("known", 8_000))).isTrue();
        assertThat(replaced).containsExactly("y", "x");
        assertThat(queue.take(10, 0))
                .hasSize(9)
                .last()
                .matches(entry -> entry.command().equals(list("known", 8_000)));
        assertThat(offer(list("known", 10_000)))
                .as("a displaced list does not count any more")
                .isTrue();
    }

    @Test
    void listOfANodeThatBecameKnown_isNotDisplaced() {
        unknown("x", 10);
        assertThat(offer(list("x", 10))).isTrue();
        for (int i = 0; i < 9; i++) {
            assertThat(offer(change("m" + i))).isTrue();
        }
        assertThat(offer(list("known", 10))).isFalse();
        assertThat(replaced).isEmpty();
    }

    @Test
    void listsOfUnknownNodes_areTakenLastUnderLoad() {
        unknown("x", 10);
        offer(list("a", 10));
        unknown("y", 10);
        offer(change("b"));
        assertThat(queue.take(1, 0))
                .as("the oldest, if only one is taken")
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(list("x", 10));
        unknown("x", 10);
        assertThat(queue.take(3, 0))
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(list("a", 10), change("b"), list("y", 10));
        offer(change("c"));
        assertThat(queue.take(3, 0))
                .as("in the order of their arrival, if all are taken")
                .extracting(CommandQueue.PendingCommand::command)
                .containsExactly(list("x", 10), change("c"));
    }

    private CommandQueue.Offer unknown(String node, int length) {
        return queue.offer(list(node, length), false, new CompletableFuture<>(), 0, 10);
    }

    private boolean offer(Command command) {
        return offer(command, new CompletableFuture<>(), 0, 10);
    }

    private boolean offer(Command command, CompletableFuture<CommandResult> caller, long now, long patience) {
        return queue.offer(command, true, caller, now, patience).isTaken();
    }

    private static Command change(String model) {
        return new Command.ModelChange(model, ModelState.RUNNING, "", "test");
    }

    private static Command.StoreEvents event(String model) {
        return new Command.StoreEvents(List.of(new WatchEvent("/model/" + model + "/state", "Dead", 7)), false);
    }

    private static Command report(int length) {
        return list("n", length);
    }

    private static Command list(String node, int length) {
        return new Command.NodeReport(
                node, List.of(new ContainerFacts("1", "c".repeat(length), "", Map.of(), Map.of(), Map.of())));
    }
}
