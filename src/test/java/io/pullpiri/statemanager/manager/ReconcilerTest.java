// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.OffloadRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** Tests the reconciler with a clock that only the test moves. */
class ReconcilerTest extends ReconcilerRig {

    // [utest->req~rec-request~1]
    @Test
    void everyScenarioOfADeadPackage_isReconciled() {
        die(reconciler(Duration.ZERO));
        pass(Duration.ZERO);
        assertThat(asked).containsExactly("s", "t");
    }

    // [utest->req~off-reconcile~1]
    @Test
    void deadPackage_isReconciledOnlyAfterTheOffloadOfItsModelIsSettled() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        apply(CascadeRig.packageYaml("p", "m"));
        run(new Command.BeginOffload(new OffloadRequest("s", "p", "m", "A", "B", "", ""), "id"));
        die(reconciler);
        pass(Duration.ofMinutes(2));
        assertThat(asked).as("while the call is open").isEmpty();
        run(new Command.EndOffload("m", "id", Command.OffloadOutcome.FAILED, "", Duration.ofSeconds(60)));
        reconciler.update(view, Set.of("p"));
        pass(Duration.ofSeconds(60));
        assertThat(asked).as("while it is being settled").isEmpty();
        run(new Command.Tick());
        reconciler.update(view, Set.of("p"));
        pass(Duration.ZERO);
        assertThat(asked).containsExactly("s", "t");
    }

    // [utest->req~rec-retry~2]
    @Test
    void acknowledgement_isNotARecoveryAndIsRepeatedAfterTheResync() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        pass(Duration.ZERO);
        replies.forEach(reply -> reply.complete(new ActionController.ReconcileResult(true, "")));
        pass(Duration.ofSeconds(59));
        assertThat(asked).hasSize(2);
        assertThat(reconciler.progress("p").getFirst().lastOutcome()).isEqualTo("acknowledged");
        pass(Duration.ofSeconds(2));
        assertThat(asked).containsExactly("s", "t", "s", "t");
    }

    /** The acknowledgement of the recovery was lost, and the package died again before the store could be read. */
    @Test
    void deathAfterAnUnseenRecovery_isReconciledAtOnce() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        pass(Duration.ZERO);
        replies.forEach(reply -> reply.complete(new ActionController.ReconcileResult(true, "")));
        pass(Duration.ofSeconds(1));
        set(ModelState.RUNNING);
        set(ModelState.DEAD);
        reconciler.updateAll(view);
        pass(Duration.ZERO);
        assertThat(asked).containsExactly("s", "t", "s", "t");
        pass(Duration.ofSeconds(59));
        assertThat(asked)
                .as("the repeated request of the first death is cancelled")
                .hasSize(4);
    }

    // [utest->req~rec-retry~2]
    @Test
    void failedRequest_isRetriedWithGrowingBackoff() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        for (int failures = 1; failures <= 4; failures++) {
            pass(Duration.ZERO);
            assertThat(asked).hasSize(2 * failures);
            CompletableFuture<ActionController.ReconcileResult> refused = replies.get(replies.size() - 2);
            refused.complete(new ActionController.ReconcileResult(false, "INTERNAL"));
            replies.getLast().completeExceptionally(new IllegalStateException("unreachable"));
            pass(Duration.ofMillis(failures * 1_000L - 1));
            assertThat(asked).hasSize(2 * failures);
            pass(Duration.ofMillis(1));
        }
        assertThat(reconciler.progress("p").getFirst().failures()).isEqualTo(4);
        assertThat(reconciler.progress("p").getFirst().lastOutcome()).isEqualTo("refused: INTERNAL");
        assertThat(reconciler.progress("p").getLast().lastOutcome()).isEqualTo("failed: unreachable");
    }

    // [utest->req~rec-retry~2]
    @Test
    void requestsWhileActionControllerIsAway_areAtMostTenSecondsApart() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        pass(Duration.ZERO);
        for (int failures = 1; failures <= 20; failures++) {
            replies.subList(replies.size() - 2, replies.size())
                    .forEach(reply -> reply.completeExceptionally(new IllegalStateException("unreachable")));
            pass(Duration.ofSeconds(10));
            assertThat(asked).hasSize(2 + 2 * failures);
        }
    }

    // [utest->req~rec-recovery~1]
    @Test
    void recovery_endsTheRequests() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        reconciler.hold(Set.of("p"));
        pass(Duration.ofMinutes(5));
        assertThat(asked).as("while the recovery is being committed").isEmpty();
        set(ModelState.RUNNING);
        reconciler.update(view, Set.of("p"));
        pass(Duration.ofMinutes(5));
        assertThat(asked).isEmpty();
        assertThat(reconciler.packages()).isEmpty();
    }

    @Test
    void deletion_isNotARecovery() {
        List<Event> events = new ArrayList<>();
        Reconciler reconciler = reconciler(Duration.ZERO);
        reconciler.setReceivers(event -> events.add(event.apply(new EventId(1, 0))), Tracing.OFF);
        die(reconciler);
        pass(Duration.ZERO);
        run(Command.DeleteArtifacts.parse("kind: Package\nmetadata: {name: p}"));
        reconciler.updateAll(view);
        pass(Duration.ofMinutes(5));
        assertThat(asked).containsExactly("s", "t");
        assertThat(events)
                .extracting(event -> ((Event.Recovery) event).step())
                .containsExactly(Event.Recovery.RecoveryStep.REQUESTED, Event.Recovery.RecoveryStep.REQUESTED);
    }

    @Test
    void uncommittedRecovery_endsTheHold() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        reconciler.hold(Set.of("p"));
        pass(Duration.ofSeconds(1));
        reconciler.update(view, Set.of());
        pass(Duration.ZERO);
        assertThat(asked).containsExactly("s", "t");
    }

    @Test
    void delay_postponesTheFirstRequest() {
        Reconciler reconciler = reconciler(Duration.ofSeconds(30));
        die(reconciler);
        pass(Duration.ofSeconds(29));
        assertThat(asked).isEmpty();
        pass(Duration.ofSeconds(2));
        assertThat(asked).containsExactly("s", "t");
    }

    @Test
    void scenarioAddedLater_isReconciledAndARemovedOneIsNot() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        pass(Duration.ZERO);
        replies.forEach(reply -> reply.complete(new ActionController.ReconcileResult(true, "")));
        pass(Duration.ZERO);
        apply(CascadeRig.scenarioYaml("late", "p"));
        apply(CascadeRig.scenarioYaml("s", "elsewhere"));
        reconciler.update(view, Set.of("p"));
        pass(Duration.ofSeconds(61));
        assertThat(asked).containsExactly("s", "t", "late", "t");
    }

    @Test
    void scenarioRemovedAndAdded_isReconciledAgain() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        pass(Duration.ZERO);
        for (String target : List.of("elsewhere", "p")) {
            apply(CascadeRig.scenarioYaml("s", target));
            reconciler.update(view, Set.of("p"));
            pass(Duration.ZERO);
        }
        assertThat(asked).containsExactly("s", "t", "s");
    }

    // [utest->req~rec-targets~1]
    @Test
    void terminationThatCompletes_endsTheRequests() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        apply("kind: Scenario\nmetadata: {name: stop}\nspec: {action: terminate, target: p}");
        reconciler.update(view, Set.of("p"));
        pass(Duration.ZERO);
        assertThat(asked).containsExactly("s", "t");
        pass(Duration.ofSeconds(1));
        run(new Command.ScenarioChange(
                "stop", ScenarioState.ALLOWED, ScenarioState.COMPLETED, "id", nanos, "ActionController"));
        reconciler.update(view, Set.of("p"));
        replies.forEach(reply -> reply.complete(new ActionController.ReconcileResult(true, "")));
        pass(Duration.ofMinutes(5));
        assertThat(asked).containsExactly("s", "t");
        assertThat(reconciler.progress("p")).isEmpty();
    }

    // [utest->req~wire-reconcile~2]
    @Test
    void manyDeadPackages_areReconciledWithLimitedConcurrency() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        StringBuilder yaml = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            yaml.append("---\nkind: Package\nmetadata: {name: p%d}\nspec: {models: [{name: m}]}\n".formatted(i));
            yaml.append("---\nkind: Scenario\nmetadata: {name: s%d}\nspec: {target: p%d}\n".formatted(i, i));
        }
        apply(yaml.toString());
        set(ModelState.DEAD);
        reconciler.updateAll(view);
        pass(Duration.ZERO);
        assertThat(asked).hasSize(32);
        for (int i = 0; i < replies.size(); i++) {
            replies.get(i).complete(new ActionController.ReconcileResult(true, ""));
            pass(Duration.ZERO);
        }
        assertThat(asked).hasSize(100).doesNotHaveDuplicates();
    }

    /** A package that recovered in the queue once took the place of a later one. */
    // [utest->req~rec-recovery~1]
    @Test
    void packageRecoveringInTheQueue_takesNoPlace() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        StringBuilder yaml = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            yaml.append("---\nkind: Package\nmetadata: {name: p%d}\nspec: {models: [{name: m%d}]}\n".formatted(i, i));
            yaml.append("---\nkind: Scenario\nmetadata: {name: s%d}\nspec: {target: p%d}\n".formatted(i, i));
        }
        apply(yaml.toString());
        killAll(100);
        reconciler.updateAll(view);
        pass(Duration.ZERO);
        reconciler.updateAll(view);
        Set<String> called = Set.copyOf(asked);
        List<String> recovering = view.packages().keySet().stream()
                .filter(name -> !called.contains("s" + name.substring(1)))
                .limit(40)
                .toList();
        recovering.forEach(
                name -> run(new Command.ModelChange("m" + name.substring(1), ModelState.RUNNING, "", "test")));
        reconciler.update(view, recovering);
        replies.forEach(reply -> reply.complete(new ActionController.ReconcileResult(true, "")));
        pass(Duration.ZERO);
        assertThat(asked).hasSize(60).doesNotHaveDuplicates();
    }

    @Test
    void progress_isKnown() {
        Reconciler reconciler = reconciler(Duration.ofSeconds(30));
        die(reconciler);
        pass(Duration.ofSeconds(10));
        assertThat(reconciler.progress("p"))
                .containsExactly(
                        new Reconciler.Progress("s", 0, 0, "", 20_000), new Reconciler.Progress("t", 0, 0, "", 20_000));
        pass(Duration.ofSeconds(20));
        assertThat(reconciler.progress("p").getFirst()).isEqualTo(new Reconciler.Progress("s", 1, 0, "", 0));
        pass(Duration.ofSeconds(1));
        replies.getFirst().complete(new ActionController.ReconcileResult(true, ""));
        replies.getLast().complete(new ActionController.ReconcileResult(false, "busy"));
        pass(Duration.ZERO);
        assertThat(reconciler.progress("p"))
                .containsExactly(
                        new Reconciler.Progress("s", 1, 0, "acknowledged", 60_000),
                        new Reconciler.Progress("t", 1, 1, "refused: busy", 1_000));
        assertThat(reconciler.progress("q")).isEmpty();
        assertThat(reconciler.packages()).containsExactly("p");
    }

    @Test
    void everyStep_isPublishedAndCounted() {
        List<Event> events = new ArrayList<>();
        Reconciler reconciler = reconciler(Duration.ZERO);
        reconciler.setReceivers(event -> events.add(event.apply(new EventId(1, 0))), Tracing.OFF);
        assertThat(reconciler.steps())
                .containsOnlyKeys(Event.Recovery.RecoveryStep.values())
                .containsValue(0L);
        die(reconciler);
        pass(Duration.ZERO);
        replies.getFirst().complete(new ActionController.ReconcileResult(true, ""));
        replies.getLast().complete(new ActionController.ReconcileResult(false, "busy"));
        pass(Duration.ZERO);
        set(ModelState.RUNNING);
        reconciler.updateAll(view);
        assertThat(events)
                .extracting(event -> (Event.Recovery) event)
                .extracting(
                        each -> each.step() + " " + each.packageName() + "/" + each.scenario() + ": " + each.detail())
                .containsExactly(
                        "REQUESTED p/s: request 1",
                        "REQUESTED p/t: request 1",
                        "ACKNOWLEDGED p/s: acknowledged",
                        "FAILED p/t: refused: busy",
                        "RECOVERED p/: package p is not dead any more");
        assertThat(reconciler.steps())
                .containsEntry(Event.Recovery.RecoveryStep.REQUESTED, 2L)
                .containsEntry(Event.Recovery.RecoveryStep.ACKNOWLEDGED, 1L)
                .containsEntry(Event.Recovery.RecoveryStep.FAILED, 1L)
                .containsEntry(Event.Recovery.RecoveryStep.RECOVERED, 1L);
    }

    @Test
    void answerForARecoveredPackage_isIgnored() {
        List<Event> events = new ArrayList<>();
        Reconciler reconciler = reconciler(Duration.ZERO);
        reconciler.setReceivers(event -> events.add(event.apply(new EventId(1, 0))), Tracing.OFF);
        die(reconciler);
        pass(Duration.ZERO);
        set(ModelState.RUNNING);
        reconciler.updateAll(view);
        events.clear();
        replies.getFirst().complete(new ActionController.ReconcileResult(true, ""));
        replies.getLast().completeExceptionally(new IllegalStateException("unreachable"));
        pass(Duration.ofMinutes(5));
        assertThat(events).isEmpty();
        assertThat(asked).hasSize(2);
    }

    @Test
    void failedRequest_hasItsReason() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        for (Throwable failure : List.of(
                new IllegalStateException("unreachable"),
                new CompletionException(new IllegalStateException("unreachable")))) {
            pass(Duration.ofMinutes(1));
            replies.getLast().completeExceptionally(failure);
            pass(Duration.ZERO);
            assertThat(reconciler.progress("p").getLast().lastOutcome()).isEqualTo("failed: unreachable");
        }
        pass(Duration.ofMinutes(1));
        replies.getLast().completeExceptionally(new TimeoutException());
        pass(Duration.ZERO);
        assertThat(reconciler.progress("p").getLast().lastOutcome()).isEqualTo("failed: TimeoutException");
        pass(Duration.ofMinutes(1));
        replies.getLast().complete(null);
        pass(Duration.ZERO);
        assertThat(reconciler.progress("p").getLast().lastOutcome()).isEqualTo("failed: no reply");
    }

    @Test
    void acknowledgement_resetsTheFailures() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        for (int i = 0; i < 3; i++) {
            pass(Duration.ofSeconds(i));
            replies.getLast().complete(new ActionController.ReconcileResult(false, "busy"));
        }
        pass(Duration.ofSeconds(3));
        replies.getLast().complete(new ActionController.ReconcileResult(true, ""));
        pass(Duration.ZERO);
        assertThat(reconciler.progress("p").getLast())
                .isEqualTo(new Reconciler.Progress("t", 4, 0, "acknowledged", 60_000));
        pass(Duration.ofSeconds(60));
        replies.getLast().complete(new ActionController.ReconcileResult(false, "busy"));
        pass(Duration.ZERO);
        assertThat(reconciler.progress("p").getLast().nextInMillis()).isEqualTo(1_000);
    }

    // [utest->req~rec-restart~1]
    @Test
    void afterARestart_onlyTheRestOfTheDelayIsWaited() {
        nanos = Duration.ofDays(1).toNanos();
        die(reconciler(Duration.ofSeconds(30)));
        pass(Duration.ofSeconds(20));
        Reconciler restarted = reconciler(Duration.ofSeconds(30));
        restarted.updateAll(view);
        assertThat(restarted.progress("p").getFirst().nextInMillis()).isEqualTo(10_000);
        pass(Duration.ofMinutes(5));
        restarted = reconciler(Duration.ofSeconds(30));
        restarted.updateAll(view);
        assertThat(restarted.progress("p").getFirst().nextInMillis()).isZero();
        nanos = 0;
        restarted = reconciler(Duration.ofSeconds(30));
        restarted.updateAll(view);
        assertThat(restarted.progress("p").getFirst().nextInMillis())
                .as("the clock was set back")
                .isEqualTo(30_000);
    }

    @Test
    void close_preventsFurtherRequests() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        pass(Duration.ZERO);
        reconciler.close();
        replies.forEach(reply -> reply.complete(new ActionController.ReconcileResult(false, "busy")));
        pass(Duration.ofMinutes(5));
        assertThat(asked).hasSize(2);
        assertThat(reconciler.steps()).containsEntry(Event.Recovery.RecoveryStep.FAILED, 0L);
    }

    @Test
    void deathDuringAHold_isReconciledOnceWhenTheHoldEnds() {
        Reconciler reconciler = reconciler(Duration.ZERO);
        die(reconciler);
        pass(Duration.ZERO);
        replies.forEach(reply -> reply.complete(new ActionController.ReconcileResult(true, "")));
        pass(Duration.ofSeconds(59));
        reconciler.hold(Set.of("p"));
        pass(Duration.ofSeconds(10));
        assertThat(asked).hasSize(2);
        reconciler.update(view, Set.of());
        reconciler.update(view, Set.of("p"));
        pass(Duration.ZERO);
        assertThat(asked).containsExactly("s", "t", "s", "t");
        reconciler.update(view, Set.of("p"));
        pass(Duration.ofSeconds(30));
        assertThat(asked).as("both requests are in flight").hasSize(4);
    }

    private void killAll(int models) {
        for (int i = 0; i < models; i++) {
            run(new Command.ModelChange("m" + i, ModelState.DEAD, "", "test"));
        }
    }
}
