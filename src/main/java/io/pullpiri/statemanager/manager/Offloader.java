// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Command.BeginOffload;
import io.pullpiri.statemanager.cascade.Command.EndOffload;
import io.pullpiri.statemanager.cascade.Command.OffloadOutcome;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.manager.ActionController.OffloadResult;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.view.OffloadEntry;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.OffloadRequest;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves models to other nodes through ActionController. A move is recorded in the store before the call. The call has its own
 * deadline and is sent once: a caller's deadline or cancellation ends only its wait. A call that was open when an earlier
 * process ended counts as ended when the store is read, and is not sent again. No method blocks, and all may be called from any
 * thread.
 */
public final class Offloader {

    private static final Logger LOG = LoggerFactory.getLogger(Offloader.class);

    /** MonitoringServer stores no metrics while its caller waits, and NodeAgents block after about a minute. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(20);

    /** The time between attempts to record the end of a call while the store is away. */
    private static final Duration RETRY = Duration.ofSeconds(1);

    /** The most characters of ActionController's message that are stored. */
    private static final int MESSAGE = 500;

    /** How many models may have a request of which it is not known whether its record is stored. */
    private static final int MOST_UNDECIDED = 100;

    private static final String RESTARTED = "StateManager was restarted during the call, and the answer is not known";

    private static final String NOT_CONFIRMED = "the store did not confirm its record in time";

    private final Manager manager;
    private final ActionController actionController;
    private final Predicate<String> isRestarted;
    private final Duration timeout;
    private final Duration settle;
    private final Clock clock;
    private final Timer timer;

    /** The ids of the moves that this process has begun and not ended. */
    private final Set<String> own = ConcurrentHashMap.newKeySet();

    /** The models with a request of which it is not known whether its record is stored. Guarded by this. */
    private final Set<String> undecided = new HashSet<>();

    private final Map<Outcome, Long> outcomes = new EnumMap<>(Outcome.class);

    /** What became of a request. */
    public enum Outcome {
        /** ActionController says that it has moved the model. */
        SUCCEEDED,
        /** ActionController refused, failed or did not answer. */
        FAILED,
        /** The request was refused before a call. */
        REFUSED
    }

    /**
     * The answer to a request.
     *
     * @param accepted whether the model is moved or being moved
     * @param transitionId of the move; never empty
     */
    public record Answer(boolean accepted, String message, String transitionId) {}

    /**
     * Makes an offloader, which ends the open calls of an earlier process whenever the store has been read.
     *
     * @param isRestarted whether a model of this name is being restarted in place: ActionController must not move it then
     * @param timeout how long one call may take
     * @param settle how long after a call the reports of the nodes may still change what became of the model
     */
    public Offloader(
            Manager manager,
            ActionController actionController,
            Predicate<String> isRestarted,
            Duration timeout,
            Duration settle,
            Clock clock,
            Timer timer) {
        this.manager = manager;
        this.actionController = actionController;
        this.isRestarted = isRestarted;
        this.timeout = timeout;
        this.settle = settle;
        this.clock = clock;
        this.timer = timer;
        for (Outcome outcome : Outcome.values()) {
            outcomes.put(
                    outcome, 0L); // a counter must exist from the start, so that Prometheus sees its first increase
        }
        manager.onReadiness(ready -> {
            if (ready) {
                endCallsOfEarlierProcesses();
            }
        });
    }

    /** Returns how many requests had each outcome since the start. */
    synchronized Map<Outcome, Long> outcomes() {
        return new EnumMap<>(outcomes);
    }

    private synchronized void count(Outcome outcome) {
        outcomes.merge(outcome, 1L, Long::sum);
    }

    /**
     * Requests that a model is moved. The names must be valid.
     *
     * @param wait how long the caller waits; it is cut to 20 s
     * @return always completes normally: with ActionController's answer, with a refusal before any call, or after the wait with
     *     an accepted answer that says that the move is in progress
     */
    // [impl->req~wire-offloading~2]
    public CompletableFuture<Answer> offload(OffloadRequest request, Duration wait) {
        String id = UUID.randomUUID().toString();
        long end = clock.now().monotonicNanos() + min(wait, LONGEST_WAIT).toNanos();
        String model = request.modelName();
        String obstacle = isRestarted.test(model) ? restarted(request) : admit(model);
        if (!obstacle.isEmpty()) {
            return CompletableFuture.completedFuture(refused(request, id, obstacle));
        }
        own.add(id);
        return manager.submit(new BeginOffload(request.shortened(), id), min(wait, LONGEST_WAIT))
                .thenCompose(result -> isFree(request, result)
                        ? call(request, id)
                                .copy()
                                .completeOnTimeout(
                                        new Answer(true, "in progress", id),
                                        Math.max(0, end - clock.now().monotonicNanos()),
                                        TimeUnit.NANOSECONDS)
                        : CompletableFuture.completedFuture(refuse(request, id, result)));
    }

    /** Whether the record is stored, and no restart in place has begun before that. None begins after it. */
    private boolean isFree(OffloadRequest request, CommandResult result) {
        return result instanceof CommandResult.Done && !isRestarted.test(request.modelName());
    }

    private static String restarted(OffloadRequest request) {
        return "model_name: model " + LogText.printable(request.modelName())
                + " is being restarted in place (expected: one request at a time; ask again when that has ended)";
    }

    /** Takes a place for a request that is not decided. Returns why there is none; empty if there is one. */
    private synchronized String admit(String model) {
        if (undecided.contains(model)) {
            return "model_name: an earlier request for model " + LogText.printable(model)
                    + " is not decided, because the store has not confirmed it (expected: one request at a time; ask"
                    + " again when the store is available)";
        }
        if (undecided.size() >= MOST_UNDECIDED) {
            String why = "offloads: requests for " + MOST_UNDECIDED
                    + " models are not decided, because the store has not confirmed them (expected: fewer; ask again"
                    + " when the store is available)";
            manager.anomalies().refused("offloads", "undecided", why);
            return why;
        }
        undecided.add(model);
        return "";
    }

    private synchronized void decided(String model) {
        undecided.remove(model);
    }

    private static Duration min(Duration first, Duration second) {
        return first.compareTo(second) < 0 ? first : second;
    }

    /** Refuses a move whose record is not stored, may become durable later, or is removed. The call is never sent then. */
    private Answer refuse(OffloadRequest request, String id, CommandResult result) {
        String why = switch (result) {
            case CommandResult.NotAllowed refused -> refused.reason();
            case CommandResult.NotFound refused -> refused.reason();
            case CommandResult.Rejected refused -> refused.reason();
            case CommandResult.ResourceExhausted refused -> refused.reason();
            case CommandResult.NotDurableYet away -> {
                end(new EndOffload(request.modelName(), id, OffloadOutcome.NOT_SENT, NOT_CONFIRMED, settle));
                yield "the store is not available, and nothing was moved: " + away.reason();
            }
            case CommandResult.Done stored -> {
                String restarted = restarted(request);
                end(new EndOffload(request.modelName(), id, OffloadOutcome.NOT_SENT, restarted, settle));
                yield restarted;
            }
            case CommandResult.ArtifactsDone done -> throw new AssertionError(done);
        };
        if (!(result instanceof CommandResult.NotDurableYet) && !(result instanceof CommandResult.Done)) {
            own.remove(id);
            decided(request.modelName());
        }
        return refused(request, id, why);
    }

    private Answer refused(OffloadRequest request, String id, String why) {
        count(Outcome.REFUSED);
        LOG.warn("offload of {} refused: {}", request.description(), LogText.printable(why));
        return new Answer(false, why, id);
    }

    private CompletableFuture<Answer> call(OffloadRequest request, String id) {
        decided(request.modelName());
        LOG.info("offload of {} begins", request.description());
        return actionController.offload(request, timeout).handle((result, failure) -> {
            Answer answer = answer(id, result, failure);
            count(answer.accepted() ? Outcome.SUCCEEDED : Outcome.FAILED);
            LOG.info(
                    "offload of {} {}: {}",
                    request.description(),
                    answer.accepted() ? "succeeded" : "failed",
                    LogText.printable(answer.message()));
            end(new EndOffload(
                    request.modelName(),
                    id,
                    answer.accepted() ? OffloadOutcome.SUCCEEDED : OffloadOutcome.FAILED,
                    LogText.excerpt(answer.message(), MESSAGE),
                    settle));
            return answer;
        });
    }

    private static Answer answer(String id, @Nullable OffloadResult result, @Nullable Throwable failure) {
        return result == null
                ? new Answer(false, Failures.describe(failure), id)
                : new Answer(
                        result.success(),
                        result.message(),
                        result.transitionId().isEmpty() ? id : result.transitionId());
    }

    /** Records the end of a move, if need be when the store is available again. Until then it takes no place in the queue. */
    private void end(EndOffload end) {
        if (!manager.isReady()) {
            timer.after(RETRY, () -> end(end));
            return;
        }
        var _ = manager.submit(end, timeout).thenAccept(result -> {
            if (result instanceof CommandResult.NotDurableYet) {
                timer.after(RETRY, () -> end(end));
            } else {
                own.remove(end.transitionId());
                if (end.outcome() == OffloadOutcome.NOT_SENT) {
                    decided(end.model());
                }
            }
        });
    }

    // [impl->req~off-restart~1]
    private void endCallsOfEarlierProcesses() {
        for (OffloadEntry entry : manager.view().offloads().values()) {
            OffloadRecord record = entry.record();
            if (record != null && record.isOpen() && own.add(record.transitionId())) {
                LOG.warn("offload of {} was open when StateManager ended", record.description());
                end(new EndOffload(
                        record.request().modelName(), record.transitionId(), OffloadOutcome.FAILED, RESTARTED, settle));
            }
        }
    }
}
