// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.manager.Event.Recovery.RecoveryStep;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.RestartPolicy;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.OffloadRequest;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.RestartRecord;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Restarts the dead models of a package in place, by OffloadModel with the same node as source and target. One call is made for
 * a model at a time, one for a node, and {@link #CALLS_AT_ONCE} in all. The number of each restart is stored before its call.
 *
 * <p>The reconciler owns it: all methods are called with the reconciler's lock held, and none blocks.
 */
final class Restarter {

    private static final Logger LOG = LoggerFactory.getLogger(Restarter.class);

    static final int MOST_ATTEMPTS = 5;
    static final int CALLS_AT_ONCE = 4;

    private static final Duration FIRST_BACKOFF = Duration.ofSeconds(10);
    private static final Duration LONGEST_BACKOFF = Duration.ofMinutes(5);

    /** How long to wait for a store that accepts no writes, and between two looks at a dead package. */
    private static final Duration LOOK = Duration.ofSeconds(2);

    private static final Duration COMMIT_WAIT = Duration.ofSeconds(5);

    /** What the reconciler does for the restarter. */
    interface Owner {

        /** Whether calls for the package may start now. */
        boolean mayCall(String packageName);

        /** The view of the last update. */
        View view();

        /** Runs a task after a delay, with the lock held. */
        void after(Duration delay, Runnable task);

        /** Submits a command to the loop. */
        CompletableFuture<CommandResult> submit(Command command, Duration timeout);

        void publish(RecoveryStep step, String packageName, String scenario, String detail);

        /** Says when NodeAgent's turn at a dead model is over. */
        NodeAgentTurn nodeAgentTurn();

        /** Returns how many nanoseconds must pass before the model may be restarted. */
        long restNanos(ModelEntry model);
    }

    /** A dead model of one or more packages. */
    private static final class Restart {

        final String model;
        boolean busy;
        /** The attempt whose number is being stored. */
        @Nullable
        Attempt pending;
        /** Whether the last attempt did not reach ActionController, so that its number is used again. */
        boolean unused;

        boolean givenUp;
        long notBefore = Long.MIN_VALUE;
        String lastOutcome = "";
        String obstacle = "";

        Restart(String model) {
            this.model = model;
        }
    }

    /** An attempt that has a node and a place. */
    private record Attempt(Restart restart, String packageName, int number, OffloadRequest request, long begun) {

        String scenario() {
            return request.scenarioName();
        }
    }

    private final ActionController actionController;
    private final Duration timeout;
    private final Clock clock;
    private final Owner owner;

    private final Set<String> packages = new HashSet<>();
    private final Map<String, Restart> restarts = new HashMap<>();
    private final Set<String> busyNodes = new HashSet<>();
    private final Set<String> waiting = new LinkedHashSet<>();
    private int calls;

    Restarter(ActionController actionController, Duration timeout, Clock clock, Owner owner) {
        this.actionController = actionController;
        this.timeout = timeout;
        this.clock = clock;
        this.owner = owner;
    }

    /** Restarts the dead models of a package from now on, until {@link #end}. */
    void begin(String packageName) {
        if (packages.add(packageName)) {
            look(packageName);
        }
    }

    /** Starts no further call for a package. */
    void end(String packageName) {
        packages.remove(packageName);
        waiting.remove(packageName);
        PackageEntry entry = owner.view().packages().get(packageName);
        if (entry != null) {
            entry.modelNames().forEach(model -> {
                Restart known = restarts.get(model);
                if (known != null && !known.busy) {
                    restarts.remove(model);
                }
            });
        }
    }

    /** Looks at a package now, and again every two seconds. */
    private void look(String packageName) {
        if (packages.contains(packageName)) {
            consider(packageName);
            owner.after(LOOK, () -> look(packageName));
        }
    }

    private void consider(String packageName) {
        View view = owner.view();
        PackageEntry entry = view.packages().get(packageName);
        if (entry == null || !owner.mayCall(packageName)) {
            return;
        }
        for (String name : entry.modelNames()) {
            ModelEntry model = view.models().get(name);
            if (model != null && model.counted() == ModelState.DEAD) {
                consider(view, entry, model);
            } else {
                Restart known = restarts.get(name);
                if (known != null && !known.busy) {
                    restarts.remove(name);
                }
            }
        }
    }

    private void consider(View view, PackageEntry entry, ModelEntry model) {
        Restart restart = restarts.computeIfAbsent(model.name(), Restart::new);
        if (restart.busy || now() < restart.notBefore) {
            return;
        }
        if (isOffloaded(view, model)) {
            restart.obstacle = "it is being offloaded";
            return;
        }
        if (calls >= CALLS_AT_ONCE) {
            waiting.add(entry.name());
            return;
        }
        if (owner.nodeAgentTurn().pod(model).restartPolicy() == RestartPolicy.NEVER) {
            restart.obstacle = "its restartPolicy is Never";
            return;
        }
        int done = Math.max(0, RestartRecord.attempts(model) - (restart.unused ? 1 : 0));
        if (done >= MOST_ATTEMPTS) {
            giveUp(restart, entry.name());
            return;
        }
        restart.givenUp = false;
        OffloadRequest request = RestartRequest.of(view, entry, model, done + 1);
        restart.obstacle = request == null ? "no node is known to have its container" : "";
        if (request == null || waits(restart, model, done)) {
            return;
        }
        if (busyNodes.contains(request.sourceNode())) {
            waiting.add(entry.name());
            return;
        }
        begin(new Attempt(restart, entry.name(), done + 1, request, now()));
    }

    private static boolean isOffloaded(View view, ModelEntry model) {
        OffloadRecord offload = view.offload(model.name());
        return offload != null && offload.isActive();
    }

    /** Whether it is too early: NodeAgent's turn comes first, and attempts are apart, also over a restart of StateManager. */
    private boolean waits(Restart restart, ModelEntry model, int done) {
        long rest = owner.restNanos(model);
        RestartRecord record = model.restart().value();
        if (record != null && done > 0 && restart.notBefore == Long.MIN_VALUE) {
            long apart = backoff(done).toNanos();
            long passed = clock.now().wallNanos() - record.lastNanos();
            rest = Math.max(rest, Math.clamp(apart - passed, 0, apart));
        }
        if (rest > 0) {
            restart.notBefore = now() + rest;
        }
        return rest > 0;
    }

    private static Duration backoff(int attempts) {
        Duration grown = FIRST_BACKOFF.multipliedBy(1L << (attempts - 1));
        return grown.compareTo(LONGEST_BACKOFF) < 0 ? grown : LONGEST_BACKOFF;
    }

    private long now() {
        return clock.now().monotonicNanos();
    }

    // [impl->req~rec-given-up~1]
    private void giveUp(Restart restart, String packageName) {
        if (restart.givenUp) {
            return;
        }
        restart.givenUp = true;
        String detail = "model " + restart.model + " was restarted in place " + MOST_ATTEMPTS
                + " times and is dead; it is restarted again after a new artifact, or after"
                + " `statemanager reconcile package " + packageName + "`";
        owner.publish(RecoveryStep.GIVEN_UP, packageName, "", detail);
        LOG.warn("package {}: {}", LogText.printable(packageName), LogText.printable(detail));
    }

    /** Takes a place and the node, and stores the number of the attempt. */
    private void begin(Attempt attempt) {
        calls++;
        busyNodes.add(attempt.request.sourceNode());
        attempt.restart.busy = true;
        attempt.restart.pending = attempt;
        CompletableFuture<?> _ = owner.submit(
                        new Command.CountRestart(attempt.restart.model, attempt.number), COMMIT_WAIT)
                .thenAccept(answer -> owner.after(Duration.ZERO, () -> counted(attempt, answer)));
        owner.after(
                COMMIT_WAIT.plus(LOOK), () -> counted(attempt, new CommandResult.NotDurableYet("no answer in time")));
    }

    @SuppressWarnings("ReferenceEquality") // two attempts with equal values are different ones
    private void counted(Attempt attempt, CommandResult answer) {
        if (attempt.restart.pending != attempt) {
            return;
        }
        attempt.restart.pending = null;
        if (!(answer instanceof CommandResult.Done) || !isStillDead(attempt)) {
            attempt.restart.unused = answer instanceof CommandResult.Done;
            attempt.restart.notBefore = now() + LOOK.toNanos();
            release(attempt);
            return;
        }
        attempt.restart.unused = false;
        owner.publish(
                RecoveryStep.REQUESTED,
                attempt.packageName,
                attempt.scenario(),
                "restart %d of %d of model %s in place on node %s"
                        .formatted(attempt.number, MOST_ATTEMPTS, attempt.restart.model, attempt.request.sourceNode()));
        CompletableFuture<?> _ = actionController
                .offload(attempt.request, timeout)
                .whenComplete((reply, failure) -> owner.after(Duration.ZERO, () -> ended(attempt, reply, failure)));
    }

    private boolean isStillDead(Attempt attempt) {
        ModelEntry model = owner.view().models().get(attempt.restart.model);
        return packages.contains(attempt.packageName)
                && owner.mayCall(attempt.packageName)
                && model != null
                && !isOffloaded(owner.view(), model)
                && model.counted() == ModelState.DEAD;
    }

    private void ended(Attempt attempt, ActionController.@Nullable OffloadResult reply, @Nullable Throwable failure) {
        Restart restart = attempt.restart;
        boolean done = reply != null && reply.success();
        boolean away = cause(failure) instanceof ActionController.AwayException;
        restart.unused = away;
        restart.notBefore = now() + (away ? FIRST_BACKOFF : backoff(attempt.number)).toNanos();
        restart.lastOutcome =
                done ? "done" : reply != null ? "refused: " + reply.message() : "failed: " + Failures.describe(failure);
        owner.publish(
                done ? RecoveryStep.ACKNOWLEDGED : RecoveryStep.FAILED,
                attempt.packageName,
                attempt.scenario(),
                "restart " + attempt.number + " of model " + restart.model + " in place " + restart.lastOutcome);
        LOG.info(
                "restart {} of {} of model {} in place on node {}: {}",
                attempt.number,
                MOST_ATTEMPTS,
                LogText.printable(restart.model),
                LogText.printable(attempt.request.sourceNode()),
                LogText.printable(restart.lastOutcome));
        release(attempt);
    }

    private void release(Attempt attempt) {
        calls--;
        busyNodes.remove(attempt.request.sourceNode());
        attempt.restart.busy = false;
        if (!packages.contains(attempt.packageName)) {
            restarts.remove(attempt.restart.model);
        }
        List<String> next = new ArrayList<>(waiting);
        for (String packageName : next) {
            if (calls >= CALLS_AT_ONCE) {
                return;
            }
            waiting.remove(packageName);
            consider(packageName);
        }
    }

    private static @Nullable Throwable cause(@Nullable Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** Whether a call for the model is open, or about to begin. */
    boolean isRestarted(String model) {
        Restart restart = restarts.get(model);
        return restart != null && restart.busy;
    }

    /** Describes the restarts of a package's models, for an operator; empty if there is none. */
    List<String> progress(String packageName) {
        View view = owner.view();
        PackageEntry entry = view.packages().get(packageName);
        if (entry == null || !packages.contains(packageName)) {
            return List.of();
        }
        TreeMap<String, String> texts = new TreeMap<>();
        for (String name : entry.modelNames()) {
            Restart restart = restarts.get(name);
            ModelEntry model = view.models().get(name);
            if (restart != null && model != null) {
                texts.put(name, "model " + name + ": " + text(restart, RestartRecord.attempts(model)));
            }
        }
        return List.copyOf(texts.values());
    }

    private String text(Restart restart, int attempts) {
        if (!restart.obstacle.isEmpty()) {
            return "not restarted in place, because " + restart.obstacle;
        }
        String last = restart.lastOutcome.isEmpty() ? "" : ", the last one " + restart.lastOutcome;
        String count = attempts + " of " + MOST_ATTEMPTS + " restarts in place" + last;
        if (restart.givenUp) {
            return count + "; given up until a new artifact or `statemanager reconcile`";
        }
        long seconds = TimeUnit.NANOSECONDS.toSeconds(restart.notBefore - now());
        return restart.busy
                ? count + ", one is in progress"
                : restart.notBefore != Long.MIN_VALUE && seconds > 0
                        ? count + ", the next in " + seconds + " s"
                        : count;
    }
}
