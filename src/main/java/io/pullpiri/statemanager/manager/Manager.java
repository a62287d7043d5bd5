package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Answer;
import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.Moment;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.cascade.View;
import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.Watch;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.WatchListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The loop: takes the commands that wait, lets {@link Cascade} decide what follows, commits it, and only then answers,
 * publishes and acts. While a commit is under way the next batch gathers.
 *
 * <p>{@link #start} gives it a thread of its own; a simulation calls {@link #step} instead. The other methods may be
 * called from any thread.
 */
public final class Manager implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Manager.class);

    private static final int BATCH = 1_000;
    private static final int CONFLICTS = 10;

    /** After so long without a word from the store it is asked whether it is still there. */
    private static final long SILENCE = TimeUnit.SECONDS.toNanos(2);

    private static final List<String> ALL_PREFIXES = Stream.concat(
                    Keys.WATCHED_PREFIXES.stream(), Stream.of(Keys.OWN_PREFIX))
            .toList();

    private final StateStore store;
    private final Cascade cascade;
    private final Reconciler reconciler;
    private final Limits limits;
    private final Clock clock;
    private final Metrics metrics;
    private final Tracing tracing;
    private final Inbox inbox;
    private final Notices notices = new Notices();
    private final List<Consumer<Boolean>> readinessListeners = new CopyOnWriteArrayList<>();

    /** What readers see: the view of the last commit, and what led to it. */
    private final Feed feed;

    private volatile boolean ready;
    private volatile boolean closing;

    /** Why the last commit or read failed; empty if it did not. */
    private volatile String trouble = "";

    // Only the loop touches these.
    private @Nullable Watch watch;
    private boolean synced;
    private int failures;

    /** When the store last answered, in ticks. */
    private long heard;

    /** How many commands are taken at once: fewer while the store refuses one of them. */
    private int most = BATCH;

    /** The one whose word counts; what that of an older watch still says is dropped. */
    private volatile @Nullable Listener listener;

    private volatile boolean watchLost;

    private final Thread thread = new Thread(this::run, "manager");

    /**
     * @param commitTimeout how long a commit may take, and how long a caller waits at the most
     * @param queue how many commands may wait
     * @param backoffMillis how long to leave the store alone after so many failures in a row, at least one
     */
    public record Limits(Duration commitTimeout, int queue, IntToLongFunction backoffMillis) {}

    public Manager(
            StateStore store,
            Cascade cascade,
            Reconciler reconciler,
            Limits limits,
            Clock clock,
            Metrics metrics,
            Tracing tracing) {
        this.store = store;
        this.feed = new Feed(store);
        this.cascade = cascade;
        this.reconciler = reconciler;
        this.limits = limits;
        this.clock = clock;
        this.inbox = new Inbox(limits.queue());
        this.metrics = metrics;
        this.tracing = tracing;
        reconciler.tell(feed::tell, tracing);
        metrics.watch(this, reconciler, clock);
    }

    /** Starts the loop on its own thread. */
    public void start() {
        thread.start();
    }

    /**
     * Hands in a command.
     *
     * @param timeout how long the caller waits for the answer; more than the commit timeout is no use
     * @return always completes, never exceptionally: with the answer, or after the timeout with {@link
     *     Answer.Unavailable}, which means that it is not durable yet
     */
    public CompletableFuture<Answer> submit(Command command, Duration timeout) {
        Duration wait = timeout.compareTo(limits.commitTimeout()) < 0 ? timeout : limits.commitTimeout();
        CompletableFuture<Answer> caller = new CompletableFuture<>();
        if (closing) {
            caller.complete(new Answer.Unavailable("StateManager is stopping"));
        } else if (!inbox.offer(command, caller, clock.now().ticks(), wait.toNanos())) {
            notices.add(
                    "queue-full", "more than " + limits.queue() + " commands are waiting; new ones are turned away");
            caller.complete(new Answer.Unavailable("too much is waiting (queue.limit: " + limits.queue() + ")"));
        } else {
            return caller.orTimeout(wait.toNanos(), TimeUnit.NANOSECONDS).exceptionally(late -> notYet(wait));
        }
        return caller;
    }

    private Answer notYet(Duration waited) {
        String why = trouble;
        return new Answer.Unavailable("not durable yet: "
                + (why.isEmpty() ? "the store has not confirmed it within " + waited.toMillis() + " ms" : why));
    }

    /** The view of the last commit; empty until the store was first read. */
    public View view() {
        return feed.view();
    }

    /** What followers read. */
    public Feed feed() {
        return feed;
    }

    /**
     * The same for whoever cannot use an empty one.
     *
     * @param timeout how long the caller waits for the store to be read; more than the commit timeout is no use
     * @return completes with the view, or with nothing if the store was not read in time
     */
    public CompletableFuture<Optional<View>> firstView(Duration timeout) {
        Duration wait = timeout.compareTo(limits.commitTimeout()) < 0 ? timeout : limits.commitTimeout();
        return feed.firstView(wait);
    }

    /** Whether the store was read and, as far as one knows, can be written. */
    public boolean isReady() {
        return ready;
    }

    /** Tells of every change of {@link #isReady}, on the loop's thread. */
    public void onReadiness(Consumer<Boolean> listener) {
        readinessListeners.add(listener);
        listener.accept(ready);
    }

    public Notices notices() {
        return notices;
    }

    /** How many commands wait. */
    public int waiting() {
        return inbox.size();
    }

    private void run() {
        try {
            while (!closing || (inbox.size() > 0 && synced && failures == 0)) {
                if (!step()) {
                    rest();
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("interrupted", e);
        } finally {
            closeWatch();
        }
    }

    private void rest() throws InterruptedException {
        if (failures > 0) {
            inbox.pause(TimeUnit.MILLISECONDS.toNanos(limits.backoffMillis().applyAsLong(failures)));
        } else {
            long untilTick = Cascade.nextTick(feed.view()) - clock.now().ticks();
            inbox.await(Math.min(untilTick, SILENCE));
        }
    }

    /**
     * One round: reads the store if that is due, then does what waits. Never throws.
     *
     * @return false if there was nothing to do, or the store could not be reached: time to wait
     */
    public boolean step() {
        try {
            if (watchLost) {
                watchLost = false;
                synced = false;
            }
            if (!synced) {
                return synchronize();
            }
            Moment now = clock.now();
            List<Inbox.Entry> batch = Cascade.nextTick(feed.view()) <= now.ticks()
                    ? List.of(new Inbox.Entry(new Command.Tick(), 0, Long.MAX_VALUE))
                    : inbox.take(most, now.ticks());
            if (!batch.isEmpty()) {
                return process(batch, feed.view());
            }
            if (failures > 0 || now.ticks() - heard >= SILENCE) {
                askStore();
            }
            return false;
        } catch (RuntimeException e) {
            // A defect of ours: the store is read anew, and the service goes on.
            LOG.error("unexpected failure", e);
            synced = false;
            failed("the store will be read anew: " + e);
            return false;
        }
    }

    /** Reads everything at one revision, watches from there, and mends what is not as the rules want it. */
    private boolean synchronize() {
        closeWatch();
        inbox.dropEvents();
        try {
            Snapshot snapshot = store.snapshot(ALL_PREFIXES);
            Cascade.Loaded loaded = cascade.load(snapshot, clock.now());
            notices.addAll(loaded.notices());
            feed.readAnew(loaded.view().journal(), snapshot.entries());
            Listener fresh = new Listener();
            listener = fresh;
            watch = store.watch(Keys.WATCHED_PREFIXES, snapshot.revision() + 1, fresh);
            synced = true;
            // Nobody sees the view before it is mended.
            if (!process(List.of(new Inbox.Entry(new Command.Repair(), 0, Long.MAX_VALUE)), loaded.view())) {
                synced = false;
                return false;
            }
            reconciler.updateAll(feed.view());
            LOG.info(
                    "store read at revision {}: {} packages, {} models, {} scenarios",
                    snapshot.revision(),
                    feed.view().packages().size(),
                    feed.view().models().size(),
                    feed.view().scenarios().size());
            return true;
        } catch (StoreUnavailableException e) {
            synced = false;
            failed("the store cannot be read: " + e.getMessage());
            return false;
        }
    }

    /**
     * Decides and commits a batch, or as many of its commands as one transaction holds: the others are given back.
     *
     * @return false if the store could not take it now: all of it was given back
     */
    private boolean process(List<Inbox.Entry> waiting, View view) {
        List<Inbox.Entry> batch = waiting;
        List<Command> commands = new ArrayList<>(batch.size() + 1);
        batch.forEach(entry -> commands.add(entry.command()));
        for (int conflicts = 0; ; ) {
            long begun = clock.now().ticks();
            Plan plan;
            try {
                plan = cascade.plan(view, commands, clock.now());
            } catch (RuntimeException e) {
                LOG.error("a command cannot be decided, which is a defect", e);
                return refused(batch, "internal error: " + e);
            }
            long decided = clock.now().ticks();
            int own = Math.max(0, plan.answers().size() - (commands.size() - batch.size()));
            if (own < batch.size()) {
                inbox.giveBack(external(batch.subList(own, batch.size())));
                batch = batch.subList(0, own);
                commands.subList(plan.answers().size(), commands.size()).clear();
            }
            List<Long> revisions = new ArrayList<>();
            switch (commit(plan, revisions)) {
                case CommitResult.Committed ignored -> {
                    done(batch, plan, revisions);
                    // The watch's echo of our own commits is no news.
                    if (!plan.parts().isEmpty() || batch.stream().anyMatch(Inbox.Entry::hasCaller)) {
                        metrics.batch(batch, plan, clock.now().ticks());
                        tracing.batch(batch, plan, revisions, begun, decided, clock.now());
                    }
                    return true;
                }
                case CommitResult.Conflict conflict -> {
                    Transaction failed = plan.parts().get(revisions.size()).transaction();
                    // Where somebody else writes our own records, nothing that is known can be relied on.
                    if (!revisions.isEmpty()
                            || ++conflicts > CONFLICTS
                            || failed.isOutdated(Keys.OWN_PREFIX, conflict.current())) {
                        return readAnew(batch, "somebody else writes the same keys");
                    }
                    // What others wrote comes first; then the same batch is decided again.
                    commands.addFirst(new Command.StoreEvents(conflict.current(), true));
                }
                case CommitResult.Refused refused -> {
                    return revisions.isEmpty() ? refused(batch, refused.reason()) : readAnew(batch, refused.reason());
                }
                case CommitResult.Unavailable unavailable -> {
                    if (!revisions.isEmpty()) {
                        return readAnew(batch, unavailable.reason());
                    }
                    inbox.giveBack(external(batch));
                    reconciler.update(feed.view(), Set.of());
                    failed("the store cannot be written: " + unavailable.reason());
                    return false;
                }
                case CommitResult.Unknown unknown -> {
                    return readAnew(batch, unknown.reason());
                }
            }
        }
    }

    /** Commits the parts one after the other; stops at the first that fails. */
    private CommitResult commit(Plan plan, List<Long> revisions) {
        reconciler.hold(plan.recovering());
        CommitResult result = new CommitResult.Committed(0);
        for (Plan.Part part : plan.parts()) {
            long start = System.nanoTime();
            result = store.commit(part.transaction(), limits.commitTimeout());
            metrics.committed(System.nanoTime() - start);
            if (!(result instanceof CommitResult.Committed committed)) {
                return result;
            }
            revisions.add(committed.revision());
        }
        return result;
    }

    @SuppressWarnings("ReferenceEquality") // an unchanged persistent map is the same map
    private static boolean isAnother(Object before, Object after) {
        return before != after;
    }

    private void done(List<Inbox.Entry> batch, Plan plan, List<Long> revisions) {
        View before = feed.view();
        View next = cascade.committed(plan, revisions);
        feed.publish(next, plan.parts());
        most = Math.min(BATCH, most * 2);
        notices.addAll(plan.notices());
        int foreign = plan.answers().size() - batch.size();
        for (int i = 0; i < batch.size(); i++) {
            batch.get(i).answer(plan.answers().get(foreign + i));
        }
        Set<String> concerned = plan.reconcileRecords();
        if (isAnother(before.scenariosByTarget(), next.scenariosByTarget())) {
            concerned.addAll(reconciler.packages());
        }
        reconciler.update(next, concerned);
        if (!plan.parts().isEmpty() || !ready) {
            answered();
        }
    }

    /** Nobody changes anything: whether the store can still be reached is to be known all the same. */
    private void askStore() {
        try {
            Optional<?> _ = store.get(Keys.PROBE);
            answered();
        } catch (StoreUnavailableException e) {
            failed("the store cannot be read: " + e.getMessage());
        }
    }

    private void answered() {
        heard = clock.now().ticks();
        failures = 0;
        trouble = "";
        setReady(true);
    }

    /** What the store refuses for good is cut down until only the culprit fails. */
    private boolean refused(List<Inbox.Entry> batch, String reason) {
        if (batch.size() > 1) {
            inbox.giveBack(external(batch));
            most = batch.size() / 2;
            return true;
        }
        if (external(batch).isEmpty() || batch.getFirst().command() instanceof Command.StoreEvents) {
            return readAnew(batch, reason);
        }
        Inbox.Entry culprit = batch.getFirst();
        notices.add("refused-by-store", "a command fails for good: " + reason);
        culprit.answer(new Answer.Impossible(reason));
        reconciler.update(feed.view(), Set.of());
        return true;
    }

    /** What is known cannot be relied on: the store is read before anything else is done. */
    private boolean readAnew(List<Inbox.Entry> batch, String reason) {
        inbox.giveBack(external(batch));
        synced = false;
        failed("the store will be read anew: " + reason);
        return false;
    }

    /** Without what the loop itself has put in: that comes again. */
    private static List<Inbox.Entry> external(List<Inbox.Entry> batch) {
        return batch.stream()
                .filter(entry ->
                        !(entry.command() instanceof Command.Tick) && !(entry.command() instanceof Command.Repair))
                .toList();
    }

    private void failed(String what) {
        failures++;
        trouble = what;
        // 1, 2, 4, 8…: a store may be away for days.
        LOG.atLevel(Integer.bitCount(failures) == 1 ? Level.WARN : Level.DEBUG)
                .log("{} (failure {} in a row)", what, failures);
        setReady(false);
    }

    private void setReady(boolean now) {
        if (ready != now) {
            ready = now;
            readinessListeners.forEach(listener -> listener.accept(now));
        }
    }

    private void closeWatch() {
        listener = null;
        if (watch != null) {
            watch.close();
            watch = null;
        }
    }

    /** Stops taking commands, finishes those that wait if the store lets it, and ends the loop. */
    @Override
    public void close() {
        closing = true;
        inbox.wake();
        try {
            if (thread.getState() != Thread.State.NEW && !thread.join(limits.commitTimeout())) {
                thread.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        inbox.take(Integer.MAX_VALUE, Long.MIN_VALUE)
                .forEach(entry -> entry.answer(new Answer.Unavailable("StateManager is stopping")));
        setReady(false);
    }

    private final class Listener implements WatchListener {

        @Override
        public void onEvents(List<WatchEvent> events) {
            if (listener == this && !inbox.offerEvents(new Command.StoreEvents(events, false))) {
                lost("its changes come faster than they are taken in");
            }
        }

        @Override
        public void onLost(String reason) {
            if (listener == this) {
                lost(reason);
            }
        }

        private void lost(String reason) {
            LOG.warn("the watch on the store is lost, it will be read anew: {}", reason);
            watchLost = true;
            metrics.watchLost();
            inbox.wake();
        }
    }
}
