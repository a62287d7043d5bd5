package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.store.Snapshot;
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
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop: takes the commands that wait, lets {@link Cascade} decide what follows, has it committed, and only then answers,
 * publishes and acts. While a commit is under way the next batch gathers.
 *
 * <p>It has no thread: its rounds run on the executor that it is given, one after the other, and none of them waits. The
 * public methods may be called from any thread.
 */
public final class Manager implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Manager.class);

    private static final int BATCH = 1_000;
    private static final String NOT_READ = "the store has not been read yet";

    private final Cascade cascade;
    private final Reconciler reconciler;
    private final ManagerLimits limits;
    private final Clock clock;
    private final Metrics metrics;
    private final Tracing tracing;
    private final Threads threads;
    private final Committer committer;
    private final StoreReader storeReader;
    private final Ownership ownership;
    private final StoreCheck check;
    private final StoreWatch watch;
    private final CommandIntake intake;
    private final CommandQueue queue;
    private final Anomalies anomalies;
    private final StoreHealth health;

    /** What readers see: the view of the last commit, and what led to it. */
    private final ChangeFeed feed;

    private volatile boolean started;
    private volatile boolean closing;

    /** Which other server has taken the store over, in words; empty if none has. */
    private volatile String newOwner = "";

    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    /** Whether a round is due that has not begun. */
    private final AtomicBoolean due = new AtomicBoolean();

    // Only the loop touches these.
    private boolean synced;
    private boolean busy; // a batch is on its way, or the store is being read: its end begins the next round

    /** When the next round begins by itself, in ticks. */
    private long alarm = Long.MAX_VALUE;

    /** How many commands are taken at once: fewer while they are too large together, or the store refuses one of them. */
    private int most = BATCH;

    /**
     * @param commitTimeout how long a commit may take, and how long a caller waits at the most
     * @param queue how many commands may wait
     * @param queueBytes how much memory they may take together, about
     * @param feedBytes how much memory the events that are kept for followers may take, about
     * @param backoffMillis how long to leave the store alone after so many failures in a row, at least one
     */
    public record ManagerLimits(
            Duration commitTimeout, int queue, long queueBytes, long feedBytes, IntToLongFunction backoffMillis) {}

    /**
     * Where the manager's work is done.
     *
     * @param loop runs its rounds, one at a time and in order
     * @param waiting runs what waits for an answer of the store
     * @param timer begins rounds that are due by the clock
     */
    public record Threads(Executor loop, Executor waiting, Timer timer) {}

    public Manager(
            StateStore store,
            Cascade cascade,
            Reconciler reconciler,
            Owner self,
            ManagerLimits limits,
            Clock clock,
            Metrics metrics,
            Tracing tracing,
            Threads threads) {
        this.feed = new ChangeFeed(store, limits.feedBytes());
        this.cascade = cascade;
        this.reconciler = reconciler;
        this.limits = limits;
        this.clock = clock;
        this.health = new StoreHealth(limits.backoffMillis(), clock);
        this.anomalies = new Anomalies(clock);
        this.intake = new CommandIntake(limits.queue(), limits.queueBytes(), feed, anomalies, health, clock);
        this.queue = intake.inbox();
        this.metrics = metrics;
        this.tracing = tracing;
        this.threads = threads;
        Duration timeout = limits.commitTimeout();
        WriteProbe probe = new WriteProbe(store, timeout, threads.loop());
        this.ownership = new Ownership(store, self);
        this.check = new StoreCheck(probe, ownership, health, threads, this::onReadFailure);
        this.committer =
                new Committer(store, cascade, reconciler, timeout, clock, metrics, threads.loop(), queue, probe);
        this.watch = new StoreWatch(store, feed, queue, metrics, this::wake);
        this.storeReader = new StoreReader(store, ownership, timeout, threads.waiting());
        reconciler.publish(feed::append, tracing);
        metrics.watch(this, reconciler, clock);
    }

    /** Begins to read the store and to take commands. */
    public void start() {
        started = true;
        wake();
    }

    /**
     * Hands in a command.
     *
     * @param timeout how long the caller waits for the answer; more than the commit timeout is no use
     * @return always completes, never exceptionally: with the answer, or after the timeout with {@link
     *     CommandResult.NotDurableYet}, which means that it is not durable yet
     */
    public CompletableFuture<CommandResult> submit(Command command, Duration timeout) {
        Duration wait = atMost(timeout);
        if (closing || !newOwner.isEmpty()) {
            String why = closing ? "StateManager is stopping" : newOwner;
            return CompletableFuture.completedFuture(new CommandResult.NotDurableYet(why));
        }
        return intake.submit(command, wait, this::wake);
    }

    /** The view of the last commit; empty until the store was first read. */
    public View view() {
        return feed.view();
    }

    /** What followers read. */
    public ChangeFeed feed() {
        return feed;
    }

    /**
     * The same for whoever cannot use an empty one.
     *
     * @param timeout how long the caller waits for the store to be read; more than the commit timeout is no use
     * @return completes with the view, or with nothing if the store was not read in time
     */
    public CompletableFuture<Optional<View>> firstView(Duration timeout) {
        return feed.firstView(atMost(timeout));
    }

    private Duration atMost(Duration timeout) {
        return timeout.compareTo(limits.commitTimeout()) < 0 ? timeout : limits.commitTimeout();
    }

    /** Whether the store was read and, as far as one knows, can be written. */
    public boolean isReady() {
        return health.isReady();
    }

    /** Why it is not ready, in words for an operator and where possible the store's own; empty if it is. */
    public String trouble() {
        String trouble = health.trouble();
        return isReady() ? "" : trouble.isEmpty() ? NOT_READ : trouble;
    }

    /** Why {@link #firstView} completes with nothing, in words for a caller. */
    public String notRead() {
        String trouble = health.trouble();
        return trouble.isEmpty() ? NOT_READ : NOT_READ + ": " + trouble;
    }

    /** Tells of every change of {@link #isReady}, on the loop's thread. */
    public void onReadiness(Consumer<Boolean> listener) {
        health.onReadiness(listener);
    }

    /** Completes with the reason when this process may not use the store: it has to end. */
    public CompletableFuture<String> mustStop() {
        return health.mustStop().copy();
    }

    public Anomalies anomalies() {
        return anomalies;
    }

    /** How many commands wait. */
    public int waiting() {
        return queue.size();
    }

    private void wake() {
        if (started && !ended.isDone() && due.compareAndSet(false, true)) {
            threads.loop().execute(() -> {
                due.set(false);
                round();
            });
        }
    }

    /** Begins a round at a moment, in ticks, if none begins before. */
    private void wakeAt(long ticks) {
        if (ticks < alarm) {
            alarm = ticks;
            threads.timer()
                    .after(
                            Duration.ofNanos(Math.max(0, ticks - clock.now().monotonicNanos())),
                            () -> threads.loop().execute(() -> {
                                if (alarm == ticks) { // none was set for sooner since
                                    alarm = Long.MAX_VALUE;
                                    round();
                                }
                            }));
        }
    }

    /** Begins what is due next: reads the store, or sends a batch on its way. Never throws, never waits. */
    private void round() {
        if (busy || ended.isDone()) {
            return;
        }
        try {
            if (watch.takeLost()) {
                synced = false;
            }
            Timestamp now = clock.now();
            if (closing && (queue.size() == 0 || !synced || health.isFailing())) {
                watch.close();
                ended.complete(null);
            } else if (now.monotonicNanos() < health.pausedUntil()) {
                wakeAt(health.pausedUntil());
            } else if (!synced) {
                synchronize();
            } else {
                if (Cascade.nextTick(feed.view()) <= now.monotonicNanos()) {
                    queue.offerTick();
                }
                List<CommandQueue.PendingCommand> batch = queue.take(most, now.monotonicNanos());
                if (batch.isEmpty()) {
                    scheduleNextRound(now);
                } else {
                    process(batch, feed.view());
                }
            }
        } catch (RuntimeException e) {
            defect(e);
        }
    }

    private void defect(Throwable e) {
        // Of ours: the store is read anew, and the service goes on.
        LOG.error("unexpected failure", e);
        synced = false;
        health.failed("the store will be read anew: " + e);
    }

    private void scheduleNextRound(Timestamp now) {
        if (health.isInDoubt()) {
            check.begin();
        }
        wakeAt(Math.min(Cascade.nextTick(feed.view()), now.monotonicNanos() + StoreHealth.SILENCE));
    }

    /** Reads everything, watches from there, and mends what is not as the rules want it. */
    private void synchronize() {
        watch.close();
        queue.dropEvents();
        busy = true;
        var _ = storeReader
                .read()
                .thenApply(snapshot -> {
                    Cascade.Loaded loaded = cascade.load(snapshot, clock.now());
                    return (Runnable) () -> installSnapshot(snapshot, loaded);
                })
                .exceptionally(failure -> () -> onReadFailure(failure))
                .thenAccept(this::end);
    }

    private void onReadFailure(Throwable failure) {
        switch (failure.getCause()) {
            case StoreUnavailableException away -> health.failed("the store cannot be read: " + away.getMessage());
            case Ownership.OwnershipLostException lost -> giveWay(lost.reason());
            case NewerStoreException newer -> health.mustStop(newer.reason());
            case null, default -> defect(failure);
        }
    }

    /**
     * Another server has taken the store over: this one writes nothing and asks for nothing. What waits here is older than
     * what the other server is told, so it is not kept.
     */
    private void giveWay(String why) {
        synced = false;
        newOwner = why;
        reconciler.suspend();
        queue.take(Integer.MAX_VALUE, Long.MIN_VALUE)
                .forEach(entry -> entry.answer(new CommandResult.NotDurableYet(why)));
        health.failed(why);
    }

    /** Ends what made the loop busy. */
    private void end(Runnable then) {
        threads.loop().execute(() -> {
            busy = false;
            try {
                then.run();
            } catch (RuntimeException e) {
                defect(e);
            }
            wake();
        });
    }

    private void installSnapshot(Snapshot snapshot, Cascade.Loaded loaded) {
        newOwner = "";
        anomalies.addAll(loaded.anomalies());
        feed.reread(loaded.view().journal(), snapshot.entries());
        try {
            watch.open(snapshot.revision() + 1);
        } catch (StoreUnavailableException e) {
            health.failed("the store cannot be read: " + e.getMessage());
            return;
        }
        // Nobody sees the view before it is mended.
        process(List.of(new CommandQueue.PendingCommand(new Command.Repair(), 0, Long.MAX_VALUE)), loaded.view());
    }

    /** Sends a batch on its way; what becomes of it is dealt with later. */
    private void process(List<CommandQueue.PendingCommand> batch, View view) {
        busy = true;
        committer.commit(batch, view, outcome -> {
            busy = false;
            try {
                handle(outcome);
            } catch (RuntimeException e) {
                defect(e);
            }
            wake();
        });
    }

    private void handle(Committer.BatchOutcome outcome) {
        List<CommandQueue.PendingCommand> batch = outcome.batch();
        boolean repair = batch.getFirst().command() instanceof Command.Repair;
        switch (outcome) {
            case Committer.BatchOutcome.BatchCommitted done -> {
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
            case Committer.BatchOutcome.BatchRefused refused -> refused(refused);
            case Committer.BatchOutcome.BatchUnavailable unavailable -> {
                queue.giveBack(batch);
                if (synced) { // otherwise the view is old, and what is held may have recovered
                    reconciler.update(feed.view(), Set.of());
                }
                health.failed("the store cannot be written: " + unavailable.reason());
            }
            case Committer.BatchOutcome.BatchUnreliable unreliable -> reread(batch, unreliable.reason());
        }
    }

    @SuppressWarnings("ReferenceEquality") // an unchanged persistent map is the same map
    private static boolean isAnother(Object before, Object after) {
        return before != after;
    }

    private void done(Committer.BatchOutcome.BatchCommitted done, boolean repair) {
        List<CommandQueue.PendingCommand> batch = done.batch();
        Plan plan = done.plan();
        View before = feed.view();
        View next = cascade.committed(plan, done.revisions());
        feed.publish(next, plan.parts());
        if (!repair) { // a repair says nothing about the command that was refused before it
            most = Math.clamp(2L * (done.rest().isEmpty() ? most : batch.size()), 1, BATCH);
        }
        anomalies.addAll(plan.anomalies());
        for (int i = 0; i < batch.size(); i++) {
            batch.get(i).answer(plan.answers().get(i));
        }
        Set<String> concerned = plan.reconcileRecords();
        if (isAnother(before.scenariosByTarget(), next.scenariosByTarget())) {
            concerned.addAll(reconciler.packages());
        }
        reconciler.update(next, concerned);
        if (!plan.parts().isEmpty() || repair) { // otherwise the store was not asked
            health.answered();
        }
        // The watch's echo of our own commits is no news.
        if (!plan.parts().isEmpty() || batch.stream().anyMatch(CommandQueue.PendingCommand::hasCaller)) {
            metrics.batch(batch, plan, clock.now().monotonicNanos());
            tracing.batch(batch, plan, done.revisions(), done.begun(), done.decided(), clock.now());
        }
    }

    /**
     * A batch that the store refuses for good is cut down until the command that causes the refusal is alone. Where part of a
     * plan is stored already, the store is read again: the repair removes what does not follow from the rules.
     */
    private void refused(Committer.BatchOutcome.BatchRefused refused) {
        List<CommandQueue.PendingCommand> batch = refused.batch();
        String reason = refused.reason();
        queue.giveBack(refused.rest());
        if (batch.size() > 1 && synced) {
            queue.giveBack(batch);
            most = refused.written() ? 1 : batch.size() / 2;
            synced = !refused.written();
        } else if (!batch.getFirst().hasCaller()) {
            reread(batch, reason);
        } else {
            anomalies.add("refused-by-store", "a command fails for good: " + reason);
            batch.getFirst().answer(new CommandResult.Rejected(reason));
            if (refused.explained() && !refused.written()) {
                reconciler.update(feed.view(), Set.of());
            } else {
                synced = false; // the fence keeps what may still be under way from being stored later
            }
        }
    }

    /** What is known cannot be relied on: the store is read before anything else is done. */
    private void reread(List<CommandQueue.PendingCommand> batch, String reason) {
        queue.giveBack(batch);
        synced = false;
        health.failed("the store will be read anew: " + reason);
    }

    /** Stops taking commands, finishes those that wait if the store lets it, and ends the loop. */
    @Override
    public void close() {
        closing = true;
        if (started) {
            wake();
            ended.completeOnTimeout(null, limits.commitTimeout().toNanos(), TimeUnit.NANOSECONDS)
                    .join();
        }
        queue.take(Integer.MAX_VALUE, Long.MIN_VALUE)
                .forEach(entry -> entry.answer(new CommandResult.NotDurableYet("StateManager is stopping")));
        if (started && health.isReady()) {
            release();
        }
        health.stopped();
    }

    private void release() {
        try {
            ownership.release(limits.commitTimeout());
        } catch (StoreUnavailableException e) {
            LOG.debug("the owner's record stays, and the next start replaces it: {}", e.getMessage());
        }
    }
}
