// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.view.Timestamp;
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
 * Commits one batch: {@link Cascade} decides it, and its transactions are committed in order. After a conflict the batch is
 * decided again. Runs on the loop, and never blocks.
 */
final class Committer {

    private static final Logger LOG = LoggerFactory.getLogger(Committer.class);
    /** After this many conflicts, the store is re-read. */
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

    /** The outcome of a batch. */
    sealed interface BatchOutcome {

        List<CommandQueue.PendingCommand> batch();

        /**
         * The whole batch is durable.
         *
         * @param rest commands that were passed in but do not fit into the same transaction
         * @param begun when the decision began, in {@link Timestamp#monotonicNanos}
         * @param decided when the decision ended and the commit began, in {@link Timestamp#monotonicNanos}
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
         * The store will never accept the batch.
         *
         * @param batch the commands that were decided together, or, if nothing was written, all that were passed in
         * @param rest commands that were passed in but not decided
         * @param explained false if the store gave no cause; it then refused twice while it accepted probes
         * @param written whether earlier transactions of the plan are stored; then the store has to be re-read
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

        /** The store cannot be written, and nothing was written. */
        record BatchUnavailable(List<CommandQueue.PendingCommand> batch, String reason) implements BatchOutcome {}

        /** The view may be wrong: the store has to be re-read before anything else. */
        record BatchUnreliable(List<CommandQueue.PendingCommand> batch, String reason) implements BatchOutcome {}
    }

    /** Decides and commits the batch. {@code end} gets the outcome on the loop, possibly before this method returns. */
    void commit(List<CommandQueue.PendingCommand> batch, View view, Consumer<BatchOutcome> end) {
        BatchCommit commit = new BatchCommit(batch, view, end);
        commit.safely(commit::decide);
    }

    /** The state of one batch from its decision to its outcome. */
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

        /** Reports an outcome even if the step throws, because the loop waits for one. */
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
            String refusal = refusalOfLaterTransactions();
            if (refusal != null) {
                end.accept(BatchOutcome.BatchRefused.whole(batch, refusal, true));
                return;
            }
            reconciler.hold(plan.recovering());
            commitNext();
        }

        /**
         * Returns why the store would refuse a later transaction of the plan, null if it would not. Checked before the first
         * one is stored, because a repair would have to undo it. The store itself checks the first one.
         */
        private @Nullable String refusalOfLaterTransactions() {
            return plan.transactions().stream()
                    .skip(1)
                    .map(planned -> planned.transaction().refusal(store.maxWrites(), store.maxBytes()))
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
        }

        private void commitNext() {
            if (revisions.size() == plan.transactions().size()) {
                int done = plan.answers().size();
                end.accept(new BatchOutcome.BatchCommitted(
                        batch.subList(0, done), batch.subList(done, batch.size()), plan, revisions, begun, decided));
                return;
            }
            long start = clock.now().monotonicNanos();
            var _ = store.commitAsync(nextTransaction(), timeout)
                    .whenComplete((result, defect) -> loop.execute(() -> {
                        metrics.committed(clock.now().monotonicNanos() - start);
                        safely(() ->
                                committed(result != null ? result : new CommitResult.Unknown(String.valueOf(defect))));
                    }));
        }

        private Transaction nextTransaction() {
            return plan.transactions().get(revisions.size()).transaction();
        }

        /**
         * Inserts the conflicting values and the waiting watch events into the batch: after its store events or its repair,
         * and before all other commands.
         */
        private void insertEvents(List<WatchEvent> current) {
            List<CommandQueue.PendingCommand> events = new ArrayList<>();
            if (!current.isEmpty()) {
                events.add(new CommandQueue.PendingCommand(new Command.StoreEvents(current, true), 0, Long.MAX_VALUE));
            }
            events.addAll(queue.takeEvents());
            int before = (int) batch.stream()
                    .map(CommandQueue.PendingCommand::command)
                    .takeWhile(any -> any instanceof Command.StoreEvents || any instanceof Command.Repair)
                    .count();
            batch.addAll(before, events);
        }

        /**
         * Finds out whether the store refuses this transaction or every write. It is rejected permanently only if the store
         * accepts a probe before and after the last attempt: in between, the store may have begun to accept writes again. The
         * second attempt of the first transaction is decided again. A later one is sent again as it is, because its guards
         * follow from the transactions before it.
         */
        private void probe(String reason) {
            probe.write(result -> safely(() -> {
                if (!(result instanceof CommitResult.Committed)) {
                    end.accept(new BatchOutcome.BatchUnreliable(batch, reason));
                } else if (++unexplained > 1) {
                    refuse(reason, false);
                } else if (revisions.isEmpty()) {
                    insertEvents(List.of());
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
                            .formatted(reason, stored, plan.transactions().size());
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
                    // If another writer changes StateManager's own records, the whole view may be wrong.
                    if (!first
                            || ++conflicts > CONFLICTS
                            || nextTransaction().isOutdated(Keys.OWN_PREFIX, conflict.current())) {
                        end.accept(new BatchOutcome.BatchUnreliable(batch, "another component writes the same keys"));
                    } else {
                        insertEvents(conflict.current());
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
