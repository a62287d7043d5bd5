package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees a batch through: has it decided, commits what follows part by part, and has it decided again where somebody else
 * wrote meanwhile. All on the loop, where nothing waits.
 */
final class Committer {

    private static final Logger LOG = LoggerFactory.getLogger(Committer.class);
    private static final int CONFLICTS = 10;

    private final StateStore store;
    private final Cascade cascade;
    private final Reconciler reconciler;
    private final Duration timeout;
    private final Clock clock;
    private final Metrics metrics;
    private final Executor loop;
    private final CommandQueue queue;
    private final WriteProbe probe;

    Committer(
            StateStore store,
            Cascade cascade,
            Reconciler reconciler,
            Duration timeout,
            Clock clock,
            Metrics metrics,
            Executor loop,
            CommandQueue queue,
            WriteProbe probe) {
        this.store = store;
        this.cascade = cascade;
        this.reconciler = reconciler;
        this.timeout = timeout;
        this.clock = clock;
        this.metrics = metrics;
        this.loop = loop;
        this.queue = queue;
        this.probe = probe;
    }

    /** What became of a batch. */
    sealed interface BatchOutcome {

        List<CommandQueue.PendingCommand> batch();

        /**
         * All of the batch is durable.
         *
         * @param rest of what was handed in: it does not fit into the same transaction
         * @param begun when the decision began, in ticks
         * @param decided when it was made, in ticks
         */
        record BatchCommitted(
                List<CommandQueue.PendingCommand> batch,
                List<CommandQueue.PendingCommand> rest,
                Plan plan,
                List<Long> revisions,
                long begun,
                long decided)
                implements BatchOutcome {}

        /**
         * The same batch is never accepted.
         *
         * @param batch the commands that were decided together, or, if nothing was written, all that were handed in
         * @param rest of what was handed in: it was not decided, and nothing is known of it
         * @param explained whether the reason is known to be one that concerns the batch; otherwise the store refused it
         *     more than once and accepted other writes in between
         * @param written whether earlier parts of the plan are in the store; then the store has to be read again
         */
        record BatchRefused(
                List<CommandQueue.PendingCommand> batch,
                List<CommandQueue.PendingCommand> rest,
                String reason,
                boolean explained,
                boolean written)
                implements BatchOutcome {

            static BatchRefused whole(List<CommandQueue.PendingCommand> batch, String reason, boolean explained) {
                return new BatchRefused(batch, List.of(), reason, explained, false);
            }
        }

        /** Nothing was written now. */
        record BatchUnavailable(List<CommandQueue.PendingCommand> batch, String reason) implements BatchOutcome {}

        /** What is known cannot be relied on: the store is to be read before anything else is done. */
        record BatchUnreliable(List<CommandQueue.PendingCommand> batch, String reason) implements BatchOutcome {}
    }

    /** @param end is told the outcome, on the loop */
    void commit(List<CommandQueue.PendingCommand> batch, View view, Consumer<BatchOutcome> end) {
        BatchCommit round = new BatchCommit(batch, view, end);
        round.safely(round::decide);
    }

    private final class BatchCommit {

        private final List<CommandQueue.PendingCommand> batch;
        private final View view;
        private final Consumer<BatchOutcome> end;
        private final List<Long> revisions = new ArrayList<>();
        private int conflicts;
        private int unexplained;
        private Plan plan = Plan.NOTHING;
        private long begun;
        private long decided;

        BatchCommit(List<CommandQueue.PendingCommand> batch, View view, Consumer<BatchOutcome> end) {
            this.batch = new ArrayList<>(batch);
            this.view = view;
            this.end = end;
        }

        /** Whatever happens, the loop hears of the round's end: it waits for that. */
        void safely(Runnable step) {
            try {
                step.run();
            } catch (RuntimeException e) {
                LOG.error("unexpected failure", e);
                end.accept(new BatchOutcome.BatchUnreliable(batch, "unexpected failure: " + e));
            }
        }

        void decide() {
            begun = clock.now().monotonicNanos();
            try {
                List<Command> commands =
                        batch.stream().map(CommandQueue.PendingCommand::command).toList();
                plan = cascade.plan(view, commands, clock.now());
            } catch (RuntimeException e) {
                LOG.error("a command cannot be decided, which is a defect", e);
                end.accept(BatchOutcome.BatchRefused.whole(batch, "internal error: " + e, true));
                return;
            }
            decided = clock.now().monotonicNanos();
            String refusal = refusalOfLaterParts();
            if (refusal != null) {
                end.accept(BatchOutcome.BatchRefused.whole(batch, refusal, true));
                return;
            }
            reconciler.hold(plan.recovering());
            commitNext();
        }

        /**
         * A part that the store does not take is refused before those in front of it are stored: they would be taken back at
         * the next reading. The first part is for the store to refuse.
         */
        private @Nullable String refusalOfLaterParts() {
            return plan.parts().stream()
                    .skip(1)
                    .map(part -> part.transaction().refusal(store.maxWrites(), store.maxBytes()))
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
        }

        private void commitNext() {
            if (revisions.size() == plan.parts().size()) {
                int done = plan.answers().size();
                end.accept(new BatchOutcome.BatchCommitted(
                        batch.subList(0, done), batch.subList(done, batch.size()), plan, revisions, begun, decided));
                return;
            }
            long start = clock.now().monotonicNanos();
            var _ = store.commitAsync(part(), timeout)
                    .whenComplete((result, defect) -> loop.execute(() -> {
                        metrics.committed(clock.now().monotonicNanos() - start);
                        safely(() ->
                                committed(result != null ? result : new CommitResult.Unknown(String.valueOf(defect))));
                    }));
        }

        private Transaction part() {
            return plan.parts().get(revisions.size()).transaction();
        }

        /**
         * What others wrote, and what was told meanwhile, comes behind what was told before, or behind the repair of what was
         * before, and in front of all else.
         */
        private void takeIn(List<WatchEvent> current) {
            List<CommandQueue.PendingCommand> words = new ArrayList<>();
            if (!current.isEmpty()) {
                words.add(new CommandQueue.PendingCommand(new Command.StoreEvents(current, true), 0, Long.MAX_VALUE));
            }
            words.addAll(queue.takeEvents());
            int before = (int) batch.stream()
                    .map(CommandQueue.PendingCommand::command)
                    .takeWhile(any -> any instanceof Command.StoreEvents || any instanceof Command.Repair)
                    .count();
            batch.addAll(before, words);
        }

        /**
         * Finds out whether the store refuses this part or every write. A part is refused for good only if the store accepts
         * a probe before and after the last attempt: in between, the store may have begun to accept writes again. The
         * second attempt of the first part is decided again. A later part is sent again as it is, because its guards
         * follow from the parts before it.
         */
        private void probe(String reason) {
            probe.write(result -> safely(() -> {
                if (!(result instanceof CommitResult.Committed)) {
                    end.accept(new BatchOutcome.BatchUnreliable(batch, reason));
                } else if (++unexplained > 1) {
                    refuse(reason, false);
                } else if (revisions.isEmpty()) {
                    takeIn(List.of());
                    decide();
                } else {
                    commitNext();
                }
            }));
        }

        private void refuse(String reason, boolean explained) {
            int stored = revisions.size();
            if (stored == 0) {
                end.accept(BatchOutcome.BatchRefused.whole(batch, reason, explained));
                return;
            }
            int done = plan.answers().size();
            String partly =
                    "%s; %d of %d transactions of it had been stored, and states that do not follow from the rules are repaired"
                            .formatted(reason, stored, plan.parts().size());
            end.accept(new BatchOutcome.BatchRefused(
                    batch.subList(0, done), batch.subList(done, batch.size()), partly, explained, true));
        }

        private void committed(CommitResult result) {
            boolean first = revisions.isEmpty();
            switch (result) {
                case CommitResult.Committed committed -> {
                    revisions.add(committed.revision());
                    unexplained = 0;
                    commitNext();
                }
                case CommitResult.Conflict conflict -> {
                    // Where somebody else writes our own records, nothing that is known can be relied on.
                    if (!first || ++conflicts > CONFLICTS || part().isOutdated(Keys.OWN_PREFIX, conflict.current())) {
                        end.accept(new BatchOutcome.BatchUnreliable(batch, "somebody else writes the same keys"));
                    } else {
                        takeIn(conflict.current());
                        decide();
                    }
                }
                case CommitResult.Refused refused -> refuse(refused.reason(), true);
                case CommitResult.Unexplained refused -> probe(refused.reason());
                case CommitResult.Unavailable unavailable ->
                    end.accept(
                            first
                                    ? new BatchOutcome.BatchUnavailable(batch, unavailable.reason())
                                    : new BatchOutcome.BatchUnreliable(batch, unavailable.reason()));
                case CommitResult.Unknown unknown ->
                    end.accept(new BatchOutcome.BatchUnreliable(batch, unknown.reason()));
            }
        }
    }
}
