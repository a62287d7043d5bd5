package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The one queue. Bounded in commands and in the memory that they take; a node's newer report takes the place of its older
 * one that still waits, and both callers get the newer one's outcome. All methods may be called from any thread.
 *
 * <p>NodeAgent never repeats a refused list. So the lists of unknown nodes share a quarter of the queue, a known node's list
 * displaces them when the queue is full, and they are taken last while more waits than one batch holds.
 */
final class CommandQueue {

    /** Of one report: those who wait longest are told that it is not durable yet. */
    private static final int MAX_CALLERS = 100;

    /** The part of the queue that lists of unknown nodes may take: one in so many. */
    private static final int UNKNOWN_SHARE = 4;

    private final int limit;
    private final long maxBytes;
    private final Consumer<String> replacedNodes;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by the lock.
    private final SequencedSet<PendingCommand> entries = new LinkedHashSet<>();
    private final Map<String, PendingCommand> reports = new HashMap<>();
    private int events;
    private long bytes;

    /** The lists of unknown nodes, which are among the entries, and the memory that they take. */
    private final SequencedSet<PendingCommand> unknown = new LinkedHashSet<>();

    private long unknownBytes;

    /** Whether a tick waits. */
    private boolean tick;

    /** A command that waits, and who waits for its answer. Compared by identity. */
    static final class PendingCommand {

        private Command command;
        private long bytes;
        private boolean isUnknown;
        private final List<CompletableFuture<CommandResult>> callers = new ArrayList<>();
        private final long received;
        private final long deadline;

        /**
         * @param received when it came, in ticks
         * @param deadline when nobody waits for the answer any more, in ticks
         */
        PendingCommand(Command command, long received, long deadline) {
            this.command = command;
            this.bytes = command.bytes();
            this.received = received;
            this.deadline = deadline;
        }

        Command command() {
            return command;
        }

        long received() {
            return received;
        }

        /** Whether somebody sent it, rather than the loop or the store. */
        boolean hasCaller() {
            return !callers.isEmpty();
        }

        void answer(CommandResult answer) {
            callers.forEach(caller -> caller.complete(answer));
        }

        /** Whether it can be dropped because nobody waits any more. A report never is: it is not sent again. */
        boolean isStale(long ticks) {
            boolean kept = command instanceof Command.StoreEvents || command instanceof Command.NodeReport;
            return !kept && deadline < ticks;
        }
    }

    /**
     * @param limit how many commands may wait
     * @param maxBytes how much memory those of callers may take, about
     * @param replacedNodes is told the name of each unknown node whose list is replaced
     */
    CommandQueue(int limit, long maxBytes, Consumer<String> replacedNodes) {
        this.limit = limit;
        this.maxBytes = maxBytes;
        this.replacedNodes = replacedNodes;
    }

    /** What became of an offer. */
    enum Offer {
        TAKEN,
        /** As much waits as may. */
        FULL,
        /** As much waits of unknown nodes as may. */
        UNKNOWN_FULL;

        boolean isTaken() {
            return this == TAKEN;
        }
    }

    /**
     * Puts a command at the end of the queue, or in place of the node's older report that still waits.
     *
     * @param known false for the report of a node that is not known: {@link io.pullpiri.statemanager.cascade.Cascade#isKnown}
     * @param now in ticks
     * @param patience of the caller, in ticks
     */
    Offer offer(Command command, boolean known, CompletableFuture<CommandResult> caller, long now, long patience) {
        PendingCommand entry = new PendingCommand(command, now, now + patience);
        entry.isUnknown = !known;
        entry.callers.add(caller);
        List<PendingCommand> replaced = new ArrayList<>();
        lock.lock();
        try {
            PendingCommand older = command instanceof Command.NodeReport report ? reports.get(report.node()) : null;
            return older == null ? add(entry, replaced) : replace(older, entry, replaced);
        } finally {
            lock.unlock();
            for (PendingCommand other : replaced) {
                other.answer(new CommandResult.NotDurableYet(
                        "the list was replaced by those of known nodes; send it again"));
                replacedNodes.accept(((Command.NodeReport) other.command).node());
            }
        }
    }

    private Offer add(PendingCommand entry, List<PendingCommand> replaced) {
        if (entry.isUnknown
                && (unknown.size() >= Math.max(1, limit / UNKNOWN_SHARE) || !hasUnknownRoom(entry.bytes, 0))) {
            return Offer.UNKNOWN_FULL;
        }
        if (entry.command instanceof Command.NodeReport && !entry.isUnknown) {
            displaceUnknown(entry.bytes, 1, replaced);
        }
        if (entries.size() - events >= limit || !hasRoomFor(entry.bytes, 0)) {
            return Offer.FULL;
        }
        entries.addLast(entry);
        added(entry);
        if (entry.command instanceof Command.NodeReport report) {
            reports.put(report.node(), entry);
        }
        return Offer.TAKEN;
    }

    private Offer replace(PendingCommand older, PendingCommand newer, List<PendingCommand> replaced) {
        if (newer.isUnknown && !hasUnknownRoom(newer.bytes, older.isUnknown ? older.bytes : 0)) {
            return Offer.UNKNOWN_FULL;
        }
        if (!newer.isUnknown && !hasRoomFor(newer.bytes, older.bytes)) {
            removed(older); // it is not to be replaced itself
            displaceUnknown(newer.bytes, 0, replaced);
            added(older);
        }
        if (!hasRoomFor(newer.bytes, older.bytes)) {
            return Offer.FULL;
        }
        removed(older);
        older.command = newer.command;
        older.bytes = newer.bytes;
        older.isUnknown = newer.isUnknown;
        added(older);
        older.callers.removeIf(CompletableFuture::isDone);
        if (older.callers.size() >= MAX_CALLERS) {
            older.callers
                    .removeFirst()
                    .complete(new CommandResult.NotDurableYet("not durable yet: newer reports of the node have come"));
        }
        older.callers.addAll(newer.callers);
        return Offer.TAKEN;
    }

    /**
     * Makes room for a known node's list, if the lists of unknown nodes take it: the newest of them go first.
     *
     * @param more bytes
     * @param places 1 for a list that takes a new place, 0 for one that replaces another
     */
    private void displaceUnknown(long more, int places, List<PendingCommand> replaced) {
        int otherPlaces = entries.size() - events - unknown.size();
        long otherBytes = bytes - unknownBytes;
        if (otherPlaces + places > limit || (otherBytes > 0 && otherBytes + more > maxBytes)) {
            return; // it would not fit without them either
        }
        while (!unknown.isEmpty() && (entries.size() - events + places > limit || !hasRoomFor(more, 0))) {
            PendingCommand last = unknown.getLast();
            entries.remove(last);
            removed(last);
            reports.remove(((Command.NodeReport) last.command).node());
            replaced.add(last);
        }
    }

    private void added(PendingCommand entry) {
        bytes += entry.bytes;
        if (entry.isUnknown) {
            unknown.addLast(entry);
            unknownBytes += entry.bytes;
        }
    }

    private void removed(PendingCommand entry) {
        bytes -= entry.bytes;
        if (unknown.remove(entry)) {
            unknownBytes -= entry.bytes;
        }
    }

    /** As {@link #hasRoomFor}, within what lists of unknown nodes may take. */
    private boolean hasUnknownRoom(long list, long replaced) {
        long others = unknownBytes - replaced;
        return others == 0 || list <= replaced || others + list <= maxBytes / UNKNOWN_SHARE;
    }

    /** The largest command that a message can hold may be more than may wait: alone, it gets its turn. */
    private boolean hasRoomFor(long command, long replaced) {
        long others = bytes - replaced;
        return others == 0 || command <= replaced || others + command <= maxBytes;
    }

    /** @return false if as many events wait as may: some would be lost */
    boolean offerEvents(Command.StoreEvents command) {
        lock.lock();
        try {
            if (events >= limit) {
                return false;
            }
            events++;
            entries.addLast(new PendingCommand(command, 0, Long.MAX_VALUE));
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Time has passed: to be taken next, behind what the store has told and before all else. */
    void offerTick() {
        lock.lock();
        try {
            if (!tick) {
                tick = true;
                entries.addFirst(new PendingCommand(new Command.Tick(), 0, Long.MAX_VALUE));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Puts back what could not be done, before everything that has come since; but not what the loop itself has begun. */
    void giveBack(List<PendingCommand> batch) {
        lock.lock();
        try {
            for (PendingCommand entry : batch.reversed()) {
                added(entry);
                switch (entry.command) {
                    case Command.NodeReport report -> {
                        PendingCommand newer = reports.putIfAbsent(report.node(), entry);
                        if (newer == null) {
                            entries.addFirst(entry);
                        } else {
                            newer.callers.addAll(entry.callers);
                            removed(entry);
                        }
                    }
                    case Command.StoreEvents any -> {
                        events++;
                        entries.addFirst(entry);
                    }
                    case Command.Tick tick -> {}
                    case Command.Repair repair -> {}
                    default -> entries.addFirst(entry);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Drops all events: a newer snapshot has them. */
    void dropEvents() {
        lock.lock();
        try {
            entries.removeIf(entry -> entry.command instanceof Command.StoreEvents);
            events = 0;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes what waits, oldest first, at most so many; of what is stale nothing. What the store has told comes before all
     * else: it has happened already, and what is decided now is decided after it. Not where one is to be taken alone, for
     * there the oldest may be what the store refuses. Where more waits than is taken, lists of unknown nodes come last.
     */
    List<PendingCommand> take(int most, long ticks) {
        lock.lock();
        try {
            List<PendingCommand> taken = new ArrayList<>();
            if (events > 0 && most > 1) {
                take(most, ticks, taken, entry -> entry.command instanceof Command.StoreEvents);
            }
            if (most > 1 && !unknown.isEmpty() && entries.size() > most - taken.size()) {
                take(most, ticks, taken, entry -> !entry.isUnknown);
            }
            take(most, ticks, taken, entry -> true);
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** Takes all that the store has told. */
    List<PendingCommand> takeEvents() {
        lock.lock();
        try {
            List<PendingCommand> taken = new ArrayList<>();
            take(Integer.MAX_VALUE, 0, taken, entry -> entry.command instanceof Command.StoreEvents);
            return taken;
        } finally {
            lock.unlock();
        }
    }

    private void take(int most, long ticks, List<PendingCommand> taken, Predicate<PendingCommand> wanted) {
        Iterator<PendingCommand> waiting = entries.iterator();
        while (taken.size() < most && waiting.hasNext()) {
            PendingCommand entry = waiting.next();
            if (!wanted.test(entry)) {
                continue;
            }
            waiting.remove();
            removed(entry);
            switch (entry.command) {
                case Command.NodeReport report -> reports.remove(report.node());
                case Command.StoreEvents any -> events--;
                case Command.Tick any -> tick = false;
                default -> {}
            }
            if (!entry.isStale(ticks)) {
                taken.add(entry);
            }
        }
    }

    int size() {
        lock.lock();
        try {
            return entries.size();
        } finally {
            lock.unlock();
        }
    }
}
