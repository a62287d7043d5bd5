package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.pullpiri.statemanager.grpc.limits.CallMemoryLimiter;
import io.pullpiri.statemanager.limits.ConcurrencyLimiter;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.StoreAwayException;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers questions from the view, once the store was read. */
final class Queries {

    private static final Logger LOG = LoggerFactory.getLogger(Queries.class);

    /** The longest wait for a large answer. A caller with a later deadline is refused after it. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

    /** For answers that may be large: each may read as many records as the history has changes, or name every model. */
    private final Executor readers = task -> Thread.ofVirtual().start(task);

    /** A list is one message, made and packed as a whole: two at once are twice the memory. */
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
                "busy: so many callers are being answered already: " + most,
                manager.anomalies()::refused);
    }

    /** The limiter that all lists share, whatever their kind. */
    ConcurrencyLimiter lists() {
        return lists;
    }

    /** Answers with what may be large: not on the network's thread, and not while too many answers wait to be taken. */
    <T> void answerAtLength(StreamObserver<T> caller, ConcurrencyLimiter limiter, Function<View, T> answer) {
        Duration remaining = CallDeadline.remaining();
        Duration wait = remaining.compareTo(LONGEST_WAIT) < 0 ? remaining : LONGEST_WAIT;
        withView(
                caller,
                view -> {
                    try (ConcurrencyLimiter.Permit _ = limiter.acquire(wait)) {
                        if (memoryLimiter.isJammed()) {
                            throw unavailable("busy: too many answers wait to be taken");
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

    /** Answers with what is small. */
    <T> void answer(StreamObserver<T> caller, Function<View, T> answer) {
        withView(caller, view -> Calls.answer(caller, answer.apply(view)), Runnable::run);
    }

    /** @param answering is given the view on a thread of the executor, once the store was read */
    void withView(StreamObserver<?> caller, Consumer<View> answering, Executor executor) {
        CompletableFuture<?> _ = manager.firstView(CallDeadline.remaining())
                .thenApplyAsync(
                        view -> {
                            view.ifPresent(answering);
                            return view.isPresent();
                        },
                        executor)
                .whenComplete((known, defect) -> {
                    if (defect != null && defect.getCause() instanceof StoreAwayException e) {
                        Calls.fail(caller, Status.UNAVAILABLE.withDescription(e.getMessage()));
                    } else if (defect != null && defect.getCause() instanceof StatusRuntimeException refused) {
                        Calls.fail(caller, refused.getStatus());
                    } else if (defect != null) {
                        LOG.error("a question cannot be answered, which is a defect", defect);
                        Calls.fail(caller, Status.INTERNAL.withDescription("internal error: " + defect));
                    } else if (!known) {
                        Calls.fail(caller, Status.UNAVAILABLE.withDescription(manager.notRead()));
                    }
                });
    }
}
