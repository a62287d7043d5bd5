// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.manager.CommandQueue.PendingCommand;
import io.pullpiri.statemanager.manager.Committer.BatchOutcome;
import io.pullpiri.statemanager.manager.Committer.BatchOutcome.BatchCommitted;
import io.pullpiri.statemanager.manager.Committer.BatchOutcome.BatchRefused;
import io.pullpiri.statemanager.manager.Committer.BatchOutcome.BatchUnavailable;
import io.pullpiri.statemanager.manager.Committer.BatchOutcome.BatchUnreliable;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.view.Owner;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop: it takes the waiting commands, has {@link Cascade} decide what follows, and commits it. Only after the commit
 * does it publish the next view, answer the callers and update the reconciler. Commands that arrive during a commit wait for
 * the next batch.
 *
 * <p>{@link LoopScheduler} runs the rounds of the loop on the executor that it is given, and no round blocks. Fields that
 * are not thread-safe belong to the loop. The public methods may be called from any thread.
 */
public final class Manager implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Manager.class);

    private static final String NOT_READ = "the store has not been read yet";
    private static final String STOPPING = "StateManager is stopping";

    private final Cascade cascade;
    private final Reconciler reconciler;
    private final ManagerLimits limits;
    private final Clock clock;
    private final Metrics metrics;
    private final Tracing tracing;
    private final LoopScheduler scheduler;
    private final Committer committer;
    private final StoreReader storeReader;
    private final Ownership ownership;
    private final StoreCheck check;
    private final StoreWatch watch;
    private final CommandIntake intake;
    private final CommandQueue queue;
    private final Anomalies anomalies;
    private final StoreHealth health;
    private final MirrorLink mirror;

    /** The committed view and the newest events, for readers. */
    private final ChangeFeed feed;

    private volatile boolean closing;

    /** Says which other server has taken the store over; empty if none has. */
    private volatile String newOwner = "";

    // Only the loop uses these.
    private final BatchSize batchSize = new BatchSize();

    /** Whether the view matches the store, apart from events that wait. If not, the next round reads the store. */
    private boolean synced;

    /** Makes a manager that does nothing before {@link #start}. The caller closes the store after the manager. */
    public Manager(
            StateStore store,
            Cascade cascade,
            Reconciler reconciler,
            Owner self,
            ManagerLimits limits,
            Clock clock,
            Metrics metrics,
            Tracing tracing,
            ManagerThreads threads) {
        this.feed = new ChangeFeed(store, limits.feedBytes());
        this.cascade = cascade;
        this.reconciler = reconciler;
        this.limits = limits;
        this.clock = clock;
        this.health = new StoreHealth(limits.backoffMillis(), clock);
        this.anomalies = new Anomalies(clock);
        this.mirror = new MirrorLink(clock);
        this.intake = new CommandIntake(limits.queue(), limits.queueBytes(), feed, anomalies, health, clock);
        this.queue = intake.queue();
        this.metrics = metrics;
        this.tracing = tracing;
        this.scheduler = new LoopScheduler(threads, clock, this::round, this::onDefect);
        Duration timeout = limits.commitTimeout();
        WriteProbe probe = new WriteProbe(store, timeout, threads.loop());
        this.ownership = new Ownership(store, self);
        this.check = new StoreCheck(probe, ownership, health, threads, this::onReadFailure);
        this.committer =
                new Committer(store, cascade, reconciler, timeout, clock, metrics, threads.loop(), queue, probe);
        this.watch = new StoreWatch(store, feed, queue, metrics, scheduler::wake);
        this.storeReader = new StoreReader(store, ownership, timeout, threads.blocking());
        reconciler.setReceivers(feed::publishUnrecorded, tracing);
        reconciler.setLoop(this::submit);
        metrics.watch(this, reconciler, clock);
    }

    /** Starts the loop, which reads the store first. Commands may be submitted before. */
    public void start() {
        scheduler.start();
    }

    /**
     * Submits a command to the loop.
     *
     * @param timeout how long the caller waits for the result; it is cut to the commit timeout
     * @return always completes normally: with the result, or after the timeout with {@link CommandResult.NotDurableYet}
     */
    public CompletableFuture<CommandResult> submit(Command command, Duration timeout) {
        Duration wait = atMost(timeout);
        if (closing || !newOwner.isEmpty()) {
            String why = closing ? STOPPING : newOwner;
            return CompletableFuture.completedFuture(new CommandResult.NotDurableYet(why));
        }
        if (command instanceof Command.ScenarioChange change && change.isAnnouncement()) {
            mirror.announced();
        }
        return intake.submit(command, wait, scheduler::wake);
    }

    /** Returns the view of the last commit. It is empty until the store was first read. */
    public View view() {
        return feed.view();
    }

    /** Returns the feed from which readers get every change. */
    public ChangeFeed feed() {
        return feed;
    }

    /**
     * Waits for the first view of the store.
     *
     * @param timeout how long the caller waits; it is cut to the commit timeout
     * @return completes with the view of the last commit, or empty if the store was not read in time
     */
    public CompletableFuture<Optional<View>> firstView(Duration timeout) {
        return feed.firstView(atMost(timeout));
    }

    private Duration atMost(Duration timeout) {
        return timeout.compareTo(limits.commitTimeout()) < 0 ? timeout : limits.commitTimeout();
    }

    /** Whether the store was read, and the last attempt to use it succeeded. */
    public boolean isReady() {
        return health.isReady();
    }

    /** Returns why the manager is not ready, for an operator, with the store's own message where it has one; empty if it is. */
    public String whyNotReady() {
        String why = health.whyNotReady();
        return isReady() ? "" : why.isEmpty() ? NOT_READ : why;
    }

    /** Returns which other server has taken the store over, and what an operator can do; empty if none has. */
    public String newOwner() {
        return newOwner;
    }

    /** Returns why {@link #firstView} completed empty, for a caller. */
    public String whyNotRead() {
        String why = health.whyNotReady();
        return why.isEmpty() ? NOT_READ : NOT_READ + ": " + why;
    }

    /** Calls the listener with the value of {@link #isReady} now, and on the loop whenever it changes. */
    public void onReadiness(Consumer<Boolean> listener) {
        health.onReadiness(listener);
    }

    /** Returns a future that completes with the reason when this process must not use the store and has to end. */
    public CompletableFuture<String> mustStop() {
        return health.mustStop().copy();
    }

    /** Returns the counts of anomalies and refusals, to which callers may add. */
    public Anomalies anomalies() {
        return anomalies;
    }

    /** Returns the clock of the views. */
    public Clock clock() {
        return clock;
    }

    /** Returns the link to the mirror of Pullpiri's store. */
    public MirrorLink mirror() {
        return mirror;
    }

    /** Returns how many commands wait. */
    public int waiting() {
        return queue.size();
    }

    /** Begins the next operation: reads the store, or commits a batch. Otherwise sets the alarm for the next round. */
    private void round() {
        if (watch.takeLost()) {
            synced = false;
        }
        Timestamp now = clock.now();
        if (closing && (queue.size() == 0 || !synced || health.isFailing())) {
            watch.close();
            scheduler.end();
        } else if (now.monotonicNanos() < health.pausedUntil()) {
            scheduler.wakeAt(health.pausedUntil());
        } else if (!synced) {
            readStore();
        } else {
            commitNextBatch(now);
        }
    }

    private void commitNextBatch(Timestamp now) {
        if (Cascade.nextTick(feed.view()) <= now.monotonicNanos()) {
            queue.offerTick();
        }
        List<PendingCommand> batch = queue.take(batchSize.current(), now.monotonicNanos());
        if (!batch.isEmpty()) {
            commit(batch, feed.view());
            return;
        }
        if (health.isInDoubt()) {
            check.begin();
        }
        scheduler.wakeAt(Math.min(Cascade.nextTick(feed.view()), now.monotonicNanos() + StoreHealth.SILENCE));
    }

    /** An exception that no code expects is a defect of StateManager: the store is re-read, and the service continues. */
    private void onDefect(Throwable e) {
        LOG.error("unexpected failure", e);
        synced = false;
        health.failed("the store will be re-read: " + e);
    }

    private void readStore() {
        watch.close();
        queue.dropEvents();
        scheduler.begin();
        var _ = storeReader
                .load(cascade, clock)
                .thenApply(store -> (Runnable) () -> install(store))
                .exceptionally(failure -> () -> onReadFailure(failure))
                .thenAccept(scheduler::finishLater);
    }

    private void onReadFailure(Throwable failure) {
        switch (failure.getCause()) {
            case StoreUnavailableException unavailable ->
                health.failed("the store cannot be read: " + unavailable.getMessage());
            case Ownership.OwnershipLostException lost -> giveWay(lost.reason());
            case NewerStoreException newer -> health.mustStop(newer.reason());
            case null, default -> onDefect(failure);
        }
    }

    /**
     * Another server has taken the store over: this one stops writing and sends no requests. Waiting commands are not kept,
     * because the other server gets newer ones.
     */
    private void giveWay(String why) {
        synced = false;
        newOwner = why;
        reconciler.suspend();
        answerAll(why);
        health.failed(why);
    }

    /** Watches the store from the snapshot on, and repairs what differs from the rules. Readers see the repaired view only. */
    private void install(StoreReader.LoadedStore store) {
        newOwner = "";
        View view = store.loaded().view();
        anomalies.addAll(store.loaded().anomalies());
        feed.reread(view.journal(), store.snapshot().entries());
        try {
            watch.open(store.snapshot().revision() + 1);
        } catch (StoreUnavailableException e) {
            health.failed("the store cannot be read: " + e.getMessage());
            return;
        }
        commit(List.of(new PendingCommand(new Command.Repair(), 0, Long.MAX_VALUE)), view);
    }

    /** Decides the batch and sends its commit; {@link #handle} gets the outcome. */
    private void commit(List<PendingCommand> batch, View view) {
        scheduler.begin();
        committer.commit(batch, view, outcome -> scheduler.finish(() -> handle(outcome)));
    }

    private void handle(BatchOutcome outcome) {
        List<PendingCommand> batch = outcome.batch();
        boolean repair = batch.getFirst().command() instanceof Command.Repair;
        switch (outcome) {
            case BatchCommitted done -> {
                queue.giveBack(done.rest());
                done(done, repair);
                if (repair) {
                    synced = true;
                    reconciler.updateAll(feed.view());
                    LOG.info(
                            "store read: {} packages, {} models, {} scenarios",
                            feed.view().packages().size(),
                            feed.view().models().size(),
                            feed.view().scenarios().size());
                }
            }
            case BatchRefused refused -> refused(refused);
            case BatchUnavailable unavailable -> {
                queue.giveBack(batch);
                if (synced) { // an old view does not show which of the held packages have recovered
                    reconciler.update(feed.view(), Set.of());
                }
                health.failed("the store cannot be written: " + unavailable.reason());
            }
            case BatchUnreliable unreliable -> reread(batch, unreliable.reason());
        }
    }

    @SuppressWarnings("ReferenceEquality") // an unchanged persistent map is the same object
    private static boolean isDifferentObject(Object before, Object after) {
        return before != after;
    }

    /** Applies a committed batch: publishes the view, answers the callers, and updates the reconciler. */
    // [impl->req~sto-durable~1]
    private void done(BatchCommitted done, boolean repair) {
        List<PendingCommand> batch = done.batch();
        Plan plan = done.plan();
        View before = feed.view();
        View next = cascade.committed(plan, done.revisions());
        feed.publish(next, plan.transactions());
        if (!repair) { // the success of a repair says nothing about a command that was refused before it
            batchSize.committed(batch.size(), done.rest().isEmpty());
        }
        anomalies.addAll(plan.anomalies());
        for (int i = 0; i < batch.size(); i++) {
            batch.get(i).answer(plan.answers().get(i));
        }
        Set<String> concerned = plan.reconcileRecords();
        if (isDifferentObject(before.scenariosByTarget(), next.scenariosByTarget())
                || isDifferentObject(before.offloads(), next.offloads())) {
            concerned.addAll(reconciler.packages());
        }
        concerned.addAll(plan.targetsOfChangedScenarios());
        reconciler.update(next, concerned);
        for (int i = 0; i < batch.size(); i++) {
            if (batch.get(i).command() instanceof Command.ForgetRestarts(String name)
                    && plan.answers().get(i) instanceof CommandResult.Done) {
                reconciler.beginAgain(name);
            }
        }
        if (!plan.transactions().isEmpty() || repair) { // otherwise the store was not asked
            health.answered();
        }
        // Watch events about our own commits are not counted.
        if (!plan.transactions().isEmpty() || batch.stream().anyMatch(PendingCommand::hasCaller)) {
            metrics.batch(batch, plan, clock.now().monotonicNanos());
            tracing.batch(batch, plan, done.revisions(), done.begun(), done.decided(), clock.now());
        }
    }

    /**
     * Finds the command that the store refuses: smaller and smaller batches are tried until it is alone, and is rejected. If
     * part of the plan is stored already, the store is re-read, and the repair removes what does not follow from the rules.
     */
    private void refused(BatchRefused refused) {
        List<PendingCommand> batch = refused.batch();
        String reason = refused.reason();
        queue.giveBack(refused.rest());
        if (batch.size() > 1 && synced) {
            queue.giveBack(batch);
            batchSize.refused(batch.size(), refused.written());
            synced = !refused.written();
        } else if (!batch.getFirst().hasCaller()) {
            reread(batch, reason);
        } else {
            anomalies.add("refused-by-store", "the store rejects a command permanently: " + reason);
            batch.getFirst().answer(new CommandResult.Rejected(reason));
            if (refused.explained() && !refused.written()) {
                reconciler.update(feed.view(), Set.of());
            } else {
                synced = false; // the fence rejects transactions that may still be in flight
            }
        }
    }

    /** The view may be wrong: the store is re-read before anything else. */
    private void reread(List<PendingCommand> batch, String reason) {
        queue.giveBack(batch);
        synced = false;
        health.failed("the store will be re-read: " + reason);
    }

    /** Stops taking commands, commits those that wait if the store accepts them, and ends the loop. */
    @Override
    public void close() {
        closing = true;
        scheduler.awaitEnd(limits.commitTimeout());
        answerAll(STOPPING);
        if (health.isReady()) {
            ownership.release(limits.commitTimeout());
        }
        health.stopped();
    }

    /** Answers each waiting command that it is not durable. */
    private void answerAll(String why) {
        queue.take(Integer.MAX_VALUE, Long.MIN_VALUE)
                .forEach(entry -> entry.answer(new CommandResult.NotDurableYet(why)));
    }
}
