// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** A reconciler, the packages that it sees, and a clock that only the test moves. */
abstract class ReconcilerRig {

    private record Due(long at, int number, Runnable task) {}

    private final PriorityQueue<Due> due =
            new PriorityQueue<>(Comparator.comparingLong(Due::at).thenComparingInt(Due::number));
    final List<String> asked = new ArrayList<>();
    final List<CompletableFuture<ActionController.ReconcileResult>> replies = new ArrayList<>();
    private final Cascade cascade = new Cascade(
            new Rules(
                    Set.of(0),
                    Duration.ZERO,
                    Duration.ZERO,
                    Duration.ZERO,
                    Rules.Vanished.EXITED,
                    Set.of(PackageState.ERROR),
                    false,
                    100),
            new Plan.TransactionLimits(128, 1 << 20, 1L << 40));
    View view = View.EMPTY;
    long nanos;
    private int scheduled;

    Reconciler reconciler(Duration delay) {
        return new Reconciler(
                (scenario, timeout) -> {
                    asked.add(scenario);
                    CompletableFuture<ActionController.ReconcileResult> reply = new CompletableFuture<>();
                    replies.add(reply);
                    return reply;
                },
                new ReconcileTiming(
                        delay, Duration.ofSeconds(60), Duration.ofSeconds(5), failures -> failures * 1_000L),
                () -> new Timestamp(nanos, nanos),
                (after, task) -> due.add(new Due(nanos + after.toNanos(), scheduled++, task)));
    }

    void pass(Duration time) {
        long end = nanos + time.toNanos();
        while (!due.isEmpty() && due.peek().at() <= end) {
            Due next = due.remove();
            nanos = Math.max(nanos, next.at());
            next.task().run();
        }
        nanos = end;
    }

    void run(Command... commands) {
        Plan plan = cascade.plan(view, List.of(commands), new Timestamp(nanos, nanos));
        view = cascade.committed(plan, Collections.nCopies(plan.transactions().size(), 1L));
    }

    void apply(String yaml) {
        try {
            run(new Command.ApplyArtifacts(ArtifactParser.parseAll(yaml)));
        } catch (BrokenArtifactException e) {
            throw new AssertionError(e);
        }
    }

    void die(Reconciler reconciler) {
        apply(CascadeRig.packageYaml("p", "m"));
        apply(CascadeRig.scenarioYaml("s", "p"));
        apply(CascadeRig.scenarioYaml("t", "p"));
        set(ModelState.DEAD);
        reconciler.updateAll(view);
    }

    void set(ModelState state) {
        run(new Command.ModelChange("m", state, "", "test"));
    }
}
