// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.manager.ActionController.OffloadResult;
import io.pullpiri.statemanager.manager.ActionController.ReconcileResult;
import io.pullpiri.statemanager.manager.Event.Recovery;
import io.pullpiri.statemanager.manager.Event.Recovery.RecoveryStep;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ReconcileVia;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.OffloadRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Tests restarts in place, and what leads to them, with a clock that only the test moves. */
class RestarterTest {

    private static final Duration MOMENT = Duration.ofSeconds(3);
    private static final ReconcileResult REFUSAL = new ReconcileResult(false, "INTERNAL");
    private static final ReconcileResult ACKNOWLEDGEMENT = new ReconcileResult(true, "");
    private static final OffloadResult DONE = new OffloadResult(true, "", "");

    private record Due(long at, int number, Reconciler owner, Runnable task) {}

    /** A call of OffloadModel. */
    private record Call(long at, OffloadRequest request, CompletableFuture<OffloadResult> reply) {}

    private final PriorityQueue<Due> due =
            new PriorityQueue<>(Comparator.comparingLong(Due::at).thenComparingInt(Due::number));
    private final CascadeRig rig = new CascadeRig();
    private final List<String> reconciles = new ArrayList<>();
    private final List<Call> calls = new ArrayList<>();
    private final List<Recovery> events = new ArrayList<>();
    private CompletableFuture<ReconcileResult> reply = CompletableFuture.completedFuture(REFUSAL);
    private boolean storeIsAway;
    private int scheduled;
    private Reconciler current = reconciler(ReconcileVia.AUTO, Duration.ZERO);

    private Reconciler reconciler(ReconcileVia via, @Nullable Duration delay) {
        return reconciler(new ReconcileTiming(
                delay,
                Duration.ofMinutes(1),
                Duration.ofSeconds(5),
                failures -> failures * 1_000L,
                via,
                Duration.ofMinutes(5),
                Duration.ofMinutes(5)));
    }

    private Reconciler reconciler(ReconcileTiming timing) {
        Reconciler made = new Reconciler(
                new ActionController() {

                    @Override
                    public CompletableFuture<ReconcileResult> reconcile(String scenario, Duration timeout) {
                        reconciles.add(scenario);
                        return reply.copy();
                    }

                    @Override
                    public CompletableFuture<OffloadResult> offload(OffloadRequest request, Duration timeout) {
                        assertThat(timeout).isEqualTo(Duration.ofMinutes(5));
                        CompletableFuture<OffloadResult> answer = new CompletableFuture<>();
                        calls.add(new Call(rig.now().monotonicNanos(), request, answer));
                        return answer;
                    }
                },
                timing,
                rig::now,
                (after, task) -> {
                    Reconciler owner = current;
                    due.add(new Due(rig.now().monotonicNanos() + after.toNanos(), scheduled++, owner, task));
                });
        made.setLoop((command, timeout) -> {
            if (storeIsAway) {
                return CompletableFuture.completedFuture(new CommandResult.NotDurableYet("away"));
            }
            CommandResult answer = rig.run(command).getFirst();
            made.update(rig.view, Set.of());
            return CompletableFuture.completedFuture(answer);
        });
        made.setReceivers(event -> events.add((Recovery) event.apply(new EventId(1, 0))), Tracing.OFF);
        return made;
    }

    /** Ends the process and starts another one. */
    private void restart(ReconcileVia via) {
        due.clear();
        current.close();
        rig.restart();
        current = reconciler(via, Duration.ZERO);
        current.updateAll(rig.view);
    }

    private void pass(Duration time) {
        long end = rig.now().monotonicNanos() + time.toNanos();
        while (!due.isEmpty() && due.peek().at() <= end) {
            Due next = due.remove();
            rig.pass(Duration.ofNanos(Math.max(0, next.at() - rig.now().monotonicNanos())));
            next.task().run();
        }
        rig.pass(Duration.ofNanos(Math.max(0, end - rig.now().monotonicNanos())));
    }

    private void run(Command... commands) {
        rig.run(commands);
        current.updateAll(rig.view);
    }

    private void apply(String... models) {
        StringBuilder yaml = new StringBuilder("kind: Package\nmetadata: {name: p}\nspec:\n  models:");
        for (String model : models) {
            yaml.append("\n    - {name: ").append(model).append(", node: planned}");
        }
        run(CascadeRig.apply(yaml.toString(), CascadeRig.scenarioYaml("s", "p")));
    }

    /** A container of a model, as ActionController launched it. */
    private static ContainerFacts container(String model, String status, long started, Map<String, String> more) {
        Map<String, String> annotations = new HashMap<>(Map.of("io.pullpiri.annotations.model", model));
        annotations.putAll(more);
        return new ContainerFacts(
                "id-" + model,
                "/" + model + "_main",
                "image",
                Map.of(
                        "Status",
                        status,
                        "ExitCode",
                        status.equals("exited") ? "1" : "0",
                        "StartedAt",
                        "2026-01-01T00:00:%02dZ".formatted(started)),
                Map.of("Hostname", "HPC"),
                annotations);
    }

    private void report(String node, String status, String... models) {
        List<ContainerFacts> containers = new ArrayList<>();
        for (String model : models) {
            containers.add(container(model, status, 1, Map.of()));
        }
        run(new Command.NodeReport(node, containers));
    }

    private List<String> called() {
        return calls.stream()
                .map(call -> call.request.modelName() + " on " + call.request.sourceNode())
                .toList();
    }

    private List<RecoveryStep> steps() {
        return events.stream().map(Recovery::step).toList();
    }

    // [utest->req~off-record~2]
    @Test
    void modelIsRestarted_untilTheAnswer() {
        apply("a");
        report("HPC", "exited", "a");
        pass(MOMENT);
        assertThat(current.isRestarted("a")).isTrue();
        calls.getFirst().reply().complete(DONE);
        pass(Duration.ofSeconds(1));
        assertThat(current.isRestarted("a")).isFalse();
    }

    // [utest->req~rec-restart-in-place~1]
    @Test
    void refusal_leadsToARestartInPlaceOfEachDeadModel() {
        apply("a", "b");
        report("HPC", "exited", "a");
        report("ZONE", "exited", "b");
        pass(MOMENT);
        assertThat(reconciles).containsExactly("s");
        assertThat(called()).containsExactly("a on HPC", "b on ZONE");
        OffloadRequest request = calls.getFirst().request;
        assertThat(request.targetNode()).isEqualTo("HPC");
        assertThat(request.packageName()).isEqualTo("p");
        assertThat(request.scenarioName()).isEqualTo("s");
        calls.forEach(call -> call.reply.complete(DONE));
        pass(MOMENT);
        report("HPC", "running", "a");
        pass(Duration.ofHours(1));
        assertThat(calls).hasSize(2);
        assertThat(reconciles).as("held until the package recovers").hasSize(1);
        report("HPC", "exited", "a");
        pass(MOMENT);
        assertThat(reconciles).as("the next death begins with Reconcile").hasSize(2);
    }

    // [utest->req~rec-restart-in-place~1]
    @Test
    void annotationsOfTheDeadContainer_nameScenarioPackageAndPolicy() {
        apply("a");
        run(CascadeRig.apply(
                CascadeRig.packageYaml("q", "a"),
                CascadeRig.scenarioYaml("t", "q"),
                CascadeRig.scenarioYaml("u", "q")));
        Map<String, String> launch = Map.of(
                "io.pullpiri.annotations.scenario", "u",
                "io.pullpiri.annotations.package", "q",
                "io.pullpiri.annotations.policy", "hot");
        run(new Command.NodeReport("HPC", List.of(container("a", "exited", 1, launch))));
        pass(MOMENT);
        assertThat(calls).as("one call for both packages").hasSize(1);
        OffloadRequest request = calls.getFirst().request;
        assertThat(List.of(
                        request.scenarioName(),
                        request.packageName(),
                        request.modelName(),
                        request.sourceNode(),
                        request.targetNode(),
                        request.policyName()))
                .containsExactly("u", "q", "a", "HPC", "HPC", "hot");
        calls.getFirst().reply.complete(DONE);
        run(CascadeRig.delete(CascadeRig.packageYaml("q", "a")));
        pass(Duration.ofSeconds(20));
        assertThat(calls.getLast().request.packageName())
                .as("the annotated package is gone")
                .isEqualTo("p");
        assertThat(calls.getLast().request.scenarioName()).isEqualTo("s");
    }

    /** A request, or another component, may call a model dead that has no container. */
    @Test
    void modelWithoutContainer_isRestartedOnTheNodeOfItsPackage() {
        apply("a");
        run(new Command.ModelChange("a", ModelState.DEAD, "", "test"));
        pass(MOMENT);
        assertThat(called()).containsExactly("a on planned");
    }

    // [utest->req~rec-restart-in-place~1]
    @Test
    void outage_isRetriedWithReconcile() {
        reply = CompletableFuture.failedFuture(new IllegalStateException("away"));
        apply("a");
        report("HPC", "exited", "a");
        pass(Duration.ofMinutes(10));
        assertThat(reconciles).hasSizeGreaterThan(5);
        assertThat(calls).isEmpty();
    }

    // [utest->req~rec-restart-in-place~1]
    @Test
    void acknowledgementWithoutRecovery_countsAsARefusalAfterThePatience() {
        reply = CompletableFuture.completedFuture(ACKNOWLEDGEMENT);
        apply("a");
        report("HPC", "exited", "a");
        pass(Duration.ofSeconds(299));
        assertThat(reconciles).hasSize(5);
        assertThat(calls).isEmpty();
        pass(MOMENT);
        assertThat(called()).containsExactly("a on HPC");
        pass(Duration.ofMinutes(5));
        assertThat(reconciles).hasSize(5);
    }

    // [utest->req~rec-restart-in-place~1]
    @Test
    void viaReconcile_neverRestartsInPlace_andViaOffloadNeverReconciles() {
        current = reconciler(ReconcileVia.RECONCILE, Duration.ZERO);
        apply("a");
        report("HPC", "exited", "a");
        pass(Duration.ofHours(1));
        assertThat(calls).isEmpty();
        assertThat(reconciles).isNotEmpty();
        reconciles.clear();
        restart(ReconcileVia.OFFLOAD);
        pass(MOMENT);
        assertThat(called()).containsExactly("a on HPC");
        assertThat(reconciles).isEmpty();
    }

    // [utest->req~rec-restart-in-place~1]
    @Test
    void modelThatNeverRestarts_isNotRestartedInPlace() {
        apply("a", "b");
        run(CascadeRig.apply("kind: Model\nmetadata: {name: a}\nspec: {restartPolicy: Never}"));
        report("HPC", "exited", "a", "b");
        pass(Duration.ofSeconds(30));
        assertThat(called()).containsExactly("b on HPC");
        assertThat(current.remark("p")).contains("model a: not restarted in place, because its restartPolicy is Never");
    }

    // [utest->req~rec-restart-in-place~1]
    @Test
    void callsAreLimited_toOneForANodeAndFourInAll() {
        String[] models = {"a", "b", "c", "d", "e", "f", "g"};
        apply(models);
        report("n1", "exited", "a", "b");
        for (int i = 2; i < models.length; i++) {
            report("n" + i, "exited", models[i]);
        }
        pass(MOMENT);
        assertThat(called()).containsExactly("a on n1", "c on n2", "d on n3", "e on n4");
        calls.getFirst().reply.complete(DONE);
        pass(Duration.ofMillis(100));
        assertThat(called()).hasSize(5).endsWith("b on n1");
        for (int i = 1; i < calls.size(); i++) {
            calls.get(i).reply.complete(DONE);
            pass(Duration.ofMillis(100));
        }
        assertThat(called()).hasSize(7).endsWith("f on n5", "g on n6");
    }

    // [utest->req~rec-restart-count~1]
    // [utest->req~rec-given-up~1]
    @Test
    void restarts_areApartAndAtMostFiveAlsoOverRecoveryAndRestart() {
        apply("a");
        report("HPC", "exited", "a");
        pass(MOMENT);
        List<Long> times = new ArrayList<>();
        for (int attempt = 1; attempt <= 5; attempt++) {
            assertThat(calls).hasSize(attempt);
            times.add(calls.getLast().at);
            assertThat(rig.value(Keys.restart("a")))
                    .as("written before the call")
                    .contains("\"attempts\":" + attempt);
            calls.getLast().reply.complete(DONE);
            pass(Duration.ofMillis(100));
            if (attempt == 2) {
                report("HPC", "running", "a");
                pass(Duration.ofMinutes(9));
                report("HPC", "exited", "a");
            }
            if (attempt == 4) {
                restart(ReconcileVia.AUTO);
            }
            pass(Duration.ofSeconds(10L << (attempt - 1)).plusSeconds(2));
        }
        assertThat(times.get(1) - times.get(0)).isBetween(seconds(10), seconds(16));
        assertThat(times.get(3) - times.get(2)).isBetween(seconds(40), seconds(70));
        assertThat(times.get(4) - times.get(3)).as("over a restart").isBetween(seconds(80), seconds(130));
        pass(Duration.ofHours(1));
        assertThat(calls).hasSize(5);
        assertThat(steps().stream().filter(RecoveryStep.GIVEN_UP::equals)).hasSize(1);
        assertThat(current.steps()).containsEntry(RecoveryStep.GIVEN_UP, 1L);
        assertThat(events.getLast().detail()).contains("statemanager reconcile package p");
        assertThat(current.remark("p")).contains("5 of 5 restarts in place", "given up");
    }

    private static long seconds(long seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }

    private void giveUp() {
        apply("a");
        report("HPC", "exited", "a");
        for (int attempt = 1; attempt <= 5; attempt++) {
            pass(Duration.ofSeconds(170));
            calls.getLast().reply.complete(new OffloadResult(false, "no", ""));
        }
        pass(Duration.ofHours(1));
        assertThat(calls).hasSize(5);
        calls.clear();
        reconciles.clear();
    }

    // [utest->req~rec-given-up~1]
    @Test
    void newArtifactOfPackageOrModel_startsAgain() {
        giveUp();
        run(CascadeRig.apply("kind: Model\nmetadata: {name: a}\nspec: {containers: [{name: main}]}"));
        pass(MOMENT);
        assertThat(called()).containsExactly("a on HPC");
        assertThat(rig.value(Keys.restart("a"))).contains("\"attempts\":1");
        calls.getLast().reply.complete(DONE);
        pass(Duration.ofSeconds(1));
        run(CascadeRig.apply("kind: Package\nmetadata: {name: p}\nspec: {models: [{name: a}]}"));
        assertThat(rig.value(Keys.restart("a"))).isNull();
    }

    // [utest->req~rec-given-up~1]
    @Test
    void operatorsRequest_startsAgainWithReconcile() {
        giveUp();
        assertThat(rig.run(new Command.ForgetRestarts("p"))).hasOnlyElementsOfType(CommandResult.Done.class);
        current.update(rig.view, Set.of());
        assertThat(current.beginAgain("p")).isTrue();
        pass(MOMENT);
        assertThat(reconciles).containsExactly("s");
        assertThat(called()).containsExactly("a on HPC");
        assertThat(rig.run(new Command.ForgetRestarts("q"))).hasOnlyElementsOfType(CommandResult.NotFound.class);
        report("HPC", "running", "a");
        assertThat(rig.run(new Command.ForgetRestarts("p"))).hasOnlyElementsOfType(CommandResult.NotAllowed.class);
        assertThat(current.beginAgain("p")).isFalse();
    }

    // [utest->req~rec-restart-count~1]
    @Test
    void tenMinutesOfRunning_resetTheCount() {
        giveUp();
        report("HPC", "running", "a");
        pass(Duration.ofMinutes(10));
        report("HPC", "exited", "a");
        pass(MOMENT);
        assertThat(called()).containsExactly("a on HPC");
        assertThat(rig.value(Keys.restart("a"))).contains("\"attempts\":1");
    }

    // [utest->req~rec-restart-count~1]
    @Test
    void callThatDidNotReachActionController_isNotCounted() {
        apply("a");
        report("HPC", "exited", "a");
        for (int call = 1; call <= 20; call++) {
            pass(Duration.ofSeconds(13));
            assertThat(calls).hasSize(call);
            calls.getLast().reply.completeExceptionally(new ActionController.AwayException("Connection refused", null));
        }
        assertThat(rig.value(Keys.restart("a"))).contains("\"attempts\":1");
        assertThat(steps()).doesNotContain(RecoveryStep.GIVEN_UP);
    }

    // [utest->req~rec-restart-count~1]
    @Test
    void withoutAStore_noCallIsMade() {
        apply("a");
        report("HPC", "exited", "a");
        storeIsAway = true;
        pass(Duration.ofMinutes(1));
        assertThat(calls).isEmpty();
        storeIsAway = false;
        pass(MOMENT);
        assertThat(calls).hasSize(1);
    }

    // [utest->req~rec-recovery~1]
    @Test
    void recoveryThatIsBeingCommitted_holdsTheRestart() {
        apply("a");
        report("HPC", "exited", "a");
        current.hold(Set.of("p"));
        pass(Duration.ofMinutes(1));
        assertThat(calls).isEmpty();
        current.update(rig.view, Set.of("p"));
        pass(MOMENT);
        assertThat(calls).hasSize(1);
    }

    // [utest->req~rec-targets~1]
    @Test
    void termination_endsTheRestarts() {
        apply("a");
        run(CascadeRig.apply("kind: Scenario\nmetadata: {name: stop}\nspec: {action: terminate, target: p}"));
        report("HPC", "exited", "a");
        pass(MOMENT);
        calls.getLast().reply.complete(DONE);
        run(new Command.ScenarioChange(
                "stop",
                ScenarioState.ALLOWED,
                ScenarioState.COMPLETED,
                "id",
                rig.now().wallNanos(),
                "test"));
        pass(Duration.ofHours(1));
        assertThat(calls).hasSize(1);
        assertThat(current.remark("p")).contains("scenario stop completed last");
    }

    // [utest->req~rec-node-agent-first~1]
    @Test
    void crashThatNodeAgentHeals_costsNoRequest() {
        current = reconciler(ReconcileVia.AUTO, null);
        apply("a");
        report("HPC", "exited", "a");
        pass(Duration.ofSeconds(2));
        report("HPC", "running", "a");
        pass(Duration.ofMinutes(1));
        report("HPC", "exited", "a");
        pass(Duration.ofMillis(2_900));
        assertThat(reconciles).isEmpty();
        pass(Duration.ofMillis(200));
        assertThat(reconciles).containsExactly("s");
        assertThat(calls).hasSize(1);
    }
}
