package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.pullpiri.statemanager.grpc.limits.CallMemoryLimiter;
import io.pullpiri.statemanager.grpc.limits.ConcurrencyLimiter;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.StoreAwayException;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers questions from the view, once the store was read. */
final class Queries {

    private static final Logger LOG = LoggerFactory.getLogger(Queries.class);

    /** For answers that may be large: each may read as many records as the history has changes, or name every model. */
    private final Executor readers = task -> Thread.ofVirtual().start(task);

    /** A list is one message, made and packed as a whole: two at once are twice the memory. */
    private final ConcurrencyLimiter lists;

    private final Manager manager;
    private final CallMemoryLimiter traffic;

    Queries(Manager manager, CallMemoryLimiter traffic) {
        this.manager = manager;
        this.traffic = traffic;
        this.lists = new ConcurrencyLimiter(1, "grpc-lists", manager.anomalies());
    }

    /** The turns of all lists, of whatever kind. */
    ConcurrencyLimiter lists() {
        return lists;
    }

    /** Answers with what may be large: not on the network's thread, and not while too many answers wait to be taken. */
    <T> void answerAtLength(StreamObserver<T> caller, ConcurrencyLimiter limiter, Function<View, T> answer) {
        Duration patience = CallDeadline.remaining();
        withView(
                caller,
                view -> limiter.take(patience, () -> {
                    if (traffic.isJammed()) {
                        throw Status.UNAVAILABLE
                                .withDescription("busy: too many answers wait to be taken")
                                .asRuntimeException();
                    }
                    Calls.answer(caller, answer.apply(view));
                }),
                readers);
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
