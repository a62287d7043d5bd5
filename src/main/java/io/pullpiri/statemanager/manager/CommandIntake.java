// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.state.LogText;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Puts the commands of callers into the queue, or refuses them with a reason. May be used from any thread. */
final class CommandIntake {

    /** The name of the queue's limit in metrics and in the log. */
    private static final String LIMIT = "queue";

    /** How many characters of a node's name a line of the log quotes. */
    private static final int SHOWN = 60;

    private final int limit;
    private final long maxBytes;
    private final ChangeFeed feed;
    private final Anomalies anomalies;
    private final StoreHealth health;
    private final Clock clock;
    private final CommandQueue queue;

    /**
     * @param limit how many commands may wait
     * @param maxBytes how much memory they may take together, by an estimate
     */
    CommandIntake(int limit, long maxBytes, ChangeFeed feed, Anomalies anomalies, StoreHealth health, Clock clock) {
        this.limit = limit;
        this.maxBytes = maxBytes;
        this.feed = feed;
        this.anomalies = anomalies;
        this.health = health;
        this.clock = clock;
        this.queue = new CommandQueue(limit, maxBytes, this::replaced);
    }

    CommandQueue queue() {
        return queue;
    }

    /**
     * Puts a command into the queue, or refuses it at once if the queue has no room.
     *
     * @param wait how long the caller waits for the result
     * @param wake is called if the command was put into the queue
     * @return always completes normally: with the result, or after the wait with {@link CommandResult.NotDurableYet}
     */
    CompletableFuture<CommandResult> submit(Command command, Duration wait, Runnable wake) {
        CompletableFuture<CommandResult> caller = new CompletableFuture<>();
        return switch (queue.offer(
                command, isKnown(command), caller, clock.now().monotonicNanos(), wait.toNanos())) {
            case TAKEN -> {
                wake.run();
                // The lambda must not hold the command.
                boolean kept = command instanceof Command.NodeReport || command instanceof Command.ScenarioChange;
                yield caller.orTimeout(wait.toNanos(), TimeUnit.NANOSECONDS).exceptionally(late -> notYet(kept, wait));
            }
            case FULL ->
                refuse(
                        command,
                        "full",
                        "too much is waiting (queue.limit: " + limit + "; MiB: " + (maxBytes >> 20) + ")");
            case UNKNOWN_FULL ->
                refuse(
                        command,
                        "unknown-nodes",
                        "too many lists of nodes that never named a model of a package are waiting; send it again");
        };
    }

    private CompletableFuture<CommandResult> refuse(Command command, String reason, String message) {
        String what = command instanceof Command.NodeReport report
                ? "the list of node " + shown(report.node()) + " is refused: "
                : "a request is refused: ";
        anomalies.refused(LIMIT, reason, what + message);
        return CompletableFuture.completedFuture(new CommandResult.NotDurableYet(message));
    }

    /** Until the store was read, every node counts as known, because it may be. */
    private boolean isKnown(Command command) {
        return !(command instanceof Command.NodeReport report)
                || !feed.isPublished()
                || Cascade.isKnown(feed.view(), report);
    }

    private void replaced(String node) {
        anomalies.refused(
                LIMIT, "replaced", "the list of unknown node " + shown(node) + " makes room for a known node's list");
    }

    private static String shown(String node) {
        return LogText.excerpt(node, SHOWN);
    }

    // [impl->req~sto-away~1]
    private CommandResult notYet(boolean kept, Duration waited) {
        String why = health.whyNotReady();
        return new CommandResult.NotDurableYet("not durable yet: "
                + (why.isEmpty() ? "the store has not confirmed it within " + waited.toMillis() + " ms" : why)
                + (kept ? "; it is kept" : "; send it again"));
    }
}
