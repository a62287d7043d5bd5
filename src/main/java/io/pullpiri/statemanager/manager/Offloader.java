package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.manager.ActionController.OffloadResult;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.view.OffloadRequest;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves models to other nodes through ActionController. Each call has its own deadline and is sent once: a caller's deadline
 * or cancellation ends only its wait. No method blocks, and all may be called from any thread.
 */
public final class Offloader {

    private static final Logger LOG = LoggerFactory.getLogger(Offloader.class);

    /** MonitoringServer stores no metrics while its caller waits, and NodeAgents block after about a minute. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(20);

    private final ActionController actionController;
    private final Duration timeout;

    /**
     * The answer to a request.
     *
     * @param accepted whether the model is moved or being moved
     * @param transitionId of the move; empty if the request was refused before a call
     */
    public record Answer(boolean accepted, String message, String transitionId) {}

    /** @param timeout how long one call may take */
    public Offloader(ActionController actionController, Duration timeout) {
        this.actionController = actionController;
        this.timeout = timeout;
    }

    /**
     * Requests that a model is moved.
     *
     * @param wait how long the caller waits; it is cut to 20 s
     * @return always completes normally: with ActionController's answer, or after the wait with an accepted answer that says
     *     that the move is in progress
     */
    // [impl->req~wire-offloading~2]
    public CompletableFuture<Answer> offload(OffloadRequest request, Duration wait) {
        String id = UUID.randomUUID().toString();
        Duration atMost = wait.compareTo(LONGEST_WAIT) < 0 ? wait : LONGEST_WAIT;
        return actionController
                .offload(request, timeout)
                .handle((result, failure) -> ended(request, id, result, failure))
                .copy()
                .completeOnTimeout(new Answer(true, "in progress", id), atMost.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static Answer ended(
            OffloadRequest request, String id, @Nullable OffloadResult result, @Nullable Throwable failure) {
        Answer answer = result == null
                ? new Answer(false, Failures.describe(failure), id)
                : new Answer(
                        result.success(),
                        result.message(),
                        result.transitionId().isEmpty() ? id : result.transitionId());
        LOG.info(
                "offload of model {} from {} to {} {}: {}",
                LogText.printable(request.modelName()),
                LogText.printable(request.sourceNode()),
                LogText.printable(request.targetNode()),
                answer.accepted() ? "succeeded" : "failed",
                LogText.printable(answer.message()));
        return answer;
    }
}
