// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.pullpiri.statemanager.grpc.limits.CallMemoryLimiter;
import io.pullpiri.statemanager.limits.ConcurrencyLimiter;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.ReadFailedException;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers queries from the view. A query that arrives before the first view waits for it. */
final class Queries {

    private static final Logger LOG = LoggerFactory.getLogger(Queries.class);

    /** The longest wait for a large answer. A caller with a later deadline is refused after it. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

    /** The threads for large answers. Such an answer reads many journal records, or names every model. */
    private final Executor readers = task -> Thread.ofVirtual().start(task);

    /** Admits one list at a time: a list is one message, so two of them take twice the memory. */
    private final ConcurrencyLimiter lists;

    private final Manager manager;
    private final CallMemoryLimiter memoryLimiter;

    Queries(Manager manager, CallMemoryLimiter memoryLimiter) {
        this.manager = manager;
        this.memoryLimiter = memoryLimiter;
        this.lists = limiter(1, "grpc-lists");
    }

    /** Makes a limiter for large answers of one kind. */
    ConcurrencyLimiter limiter(int most, String limit) {
        return new ConcurrencyLimiter(
                most,
                limit,
                "busy",
                "busy: the limit of concurrent requests of this kind is reached: " + most,
                manager.anomalies()::refused);
    }

    /** Returns the limiter that all lists share, whatever their kind. */
    ConcurrencyLimiter lists() {
        return lists;
    }

    /**
     * Sends a large answer, from a thread of its own. It is refused while too many answers are unread.
     *
     * @param limiter admits the task that makes the answer
     * @param answer makes the answer from the current view
     */
    <T> void answerAtLength(StreamObserver<T> caller, ConcurrencyLimiter limiter, Function<View, T> answer) {
        Duration remaining = CallDeadline.remaining();
        Duration wait = remaining.compareTo(LONGEST_WAIT) < 0 ? remaining : LONGEST_WAIT;
        withView(
                caller,
                view -> {
                    try (ConcurrencyLimiter.Permit _ = limiter.acquire(wait)) {
                        if (memoryLimiter.isAnswerMemoryFull()) {
                            throw unavailable("busy: too many answers were not read yet");
                        }
                        Calls.answer(caller, answer.apply(view));
                    } catch (ConcurrencyLimiter.BusyException e) {
                        throw unavailable(e.getMessage());
                    }
                },
                readers);
    }

    private static StatusRuntimeException unavailable(@Nullable String why) {
        return Status.UNAVAILABLE.withDescription(why).asRuntimeException();
    }

    /** Sends a small answer, without another thread. */
    <T> void answer(StreamObserver<T> caller, Function<View, T> answer) {
        withView(caller, view -> Calls.answer(caller, answer.apply(view)), Runnable::run);
    }

    /**
     * Calls a function with the current view. Waits for the first one, and fails the call if the store is not read in time.
     *
     * @param answering answers the call; a failure that it throws is sent to the caller
     * @param executor runs {@code answering}
     */
    void withView(StreamObserver<?> caller, Consumer<View> answering, Executor executor) {
        CompletableFuture<?> _ = manager.firstView(CallDeadline.remaining())
                .thenApplyAsync(
                        view -> {
                            view.ifPresent(answering);
                            return view.isPresent();
                        },
                        executor)
                .whenComplete((known, defect) -> {
                    if (defect != null && defect.getCause() instanceof ReadFailedException e) {
                        Calls.fail(caller, Status.UNAVAILABLE.withDescription(e.getMessage()));
                    } else if (defect != null && defect.getCause() instanceof StatusRuntimeException refused) {
                        Calls.fail(caller, refused.getStatus());
                    } else if (defect != null) {
                        LOG.error("a query failed, which is a defect", defect);
                        Calls.fail(caller, Status.INTERNAL.withDescription("internal error: " + defect));
                    } else if (!known) {
                        Calls.fail(caller, Status.UNAVAILABLE.withDescription(manager.whyNotRead()));
                    }
                });
    }
}
