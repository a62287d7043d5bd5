// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.view.Timestamp;
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
 * The queue of the loop, bounded in commands and in their memory. A newer report of a node replaces its older one that still
 * waits, and the callers of both get the result of the newer one. May be used from any thread.
 *
 * <p>NodeAgent never repeats a refused list. So lists of unknown nodes are limited to a quarter of the queue, and a known
 * node's list displaces them when the queue is full. While more commands wait than one batch takes, they are taken last.
 */
final class CommandQueue {

    /** How many callers may wait for one report. A further caller replaces the oldest, which gets "not durable yet". */
    private static final int MAX_CALLERS = 100;

    /** Lists of unknown nodes may take one part in this many of the queue; likewise steps whose callers do not wait any more. */
    private static final int UNKNOWN_SHARE = 4;

    private static final int STEP_SHARE = 2;

    private final int limit;
    private final long maxBytes;
    private final Consumer<String> replacedNodes;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by the lock.
    private final SequencedSet<PendingCommand> entries = new LinkedHashSet<>();
    private final Map<String, PendingCommand> reports = new HashMap<>();

    /** The newest announcement and the newest step of each scenario. They are kept when their callers stop waiting. */
    // [impl->req~scn-kept~1]
    private final Map<StepKey, PendingCommand> steps = new HashMap<>();

    private int events;
    private long bytes;

    /** The entries that are lists of unknown nodes, and below, the memory that they take. */
    private final SequencedSet<PendingCommand> unknown = new LinkedHashSet<>();

    private long unknownBytes;

    /** Whether a tick waits. */
    private boolean tick;

    private record StepKey(String scenario, boolean announcement) {

        static StepKey of(Command.ScenarioChange change) {
            return new StepKey(change.scenario(), change.isAnnouncement());
        }
    }

    /** A command that waits, and its callers. Compared by identity. */
    static final class PendingCommand {

        private Command command;
        private long bytes;
        private boolean isUnknown;
        private final List<CompletableFuture<CommandResult>> callers = new ArrayList<>();
        private final long received;
        private final long deadline;

        /**
         * @param received when the command was submitted, in {@link Timestamp#monotonicNanos}
         * @param deadline when its caller stops waiting, in {@link Timestamp#monotonicNanos}
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

        /** Whether a caller submitted the command, and not the loop or the store. */
        boolean hasCaller() {
            return !callers.isEmpty();
        }

        void answer(CommandResult answer) {
            callers.forEach(caller -> caller.complete(answer));
        }
    }

    /**
     * @param limit how many commands may wait
     * @param maxBytes how much memory the commands of callers may take, by an estimate
     * @param replacedNodes gets the name of each unknown node whose list was displaced
     */
    CommandQueue(int limit, long maxBytes, Consumer<String> replacedNodes) {
        this.limit = limit;
        this.maxBytes = maxBytes;
        this.replacedNodes = replacedNodes;
    }

    /** The outcome of an offer. */
    enum Offer {
        TAKEN,
        /** The queue has no room for the command. */
        FULL,
        /** The part of the queue for lists of unknown nodes has no room for the list. */
        UNKNOWN_FULL;

        boolean isTaken() {
            return this == TAKEN;
        }
    }

    /**
     * Puts a command at the end of the queue, or in the place of an older report of the same node.
     *
     * @param known false for the report of a node that is not known: {@link io.pullpiri.statemanager.cascade.Cascade#isKnown}
     * @param now in {@link Timestamp#monotonicNanos}
     * @param maxWait how long the caller waits, in nanoseconds
     */
    Offer offer(Command command, boolean known, CompletableFuture<CommandResult> caller, long now, long maxWait) {
        PendingCommand entry = new PendingCommand(command, now, now + maxWait);
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
        if (entry.command instanceof Command.ScenarioChange change) {
            steps.put(StepKey.of(change), entry);
        }
        return Offer.TAKEN;
    }

    // [impl->req~sto-away~1]
    private Offer replace(PendingCommand older, PendingCommand newer, List<PendingCommand> replaced) {
        if (newer.isUnknown && !hasUnknownRoom(newer.bytes, older.isUnknown ? older.bytes : 0)) {
            return Offer.UNKNOWN_FULL;
        }
        if (!newer.isUnknown && !hasRoomFor(newer.bytes, older.bytes)) {
            removed(older); // it must not be displaced itself
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
     * Removes lists of unknown nodes, the newest first, until a known node's list has room. Removes none if that would not
     * make enough room.
     *
     * @param more bytes of the known node's list
     * @param places 1 for a list that takes a new place, 0 for one that replaces an older report
     */
    private void displaceUnknown(long more, int places, List<PendingCommand> replaced) {
        int otherPlaces = entries.size() - events - unknown.size();
        long otherBytes = bytes - unknownBytes;
        if (otherPlaces + places > limit || (otherBytes > 0 && otherBytes + more > maxBytes)) {
            return;
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

    /** Whether a list of an unknown node fits into the part of the queue for such lists. */
    private boolean hasUnknownRoom(long list, long replaced) {
        long others = unknownBytes - replaced;
        return others == 0 || list <= replaced || others + list <= maxBytes / UNKNOWN_SHARE;
    }

    /** Whether a command fits. A command that is larger than the whole queue is accepted when no other one waits. */
    private boolean hasRoomFor(long command, long replaced) {
        long others = bytes - replaced;
        return others == 0 || command <= replaced || others + command <= maxBytes;
    }

    /** Adds events of the store. Returns false, and adds none, if too many of them wait already. */
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

    /** Adds a tick, which is taken before all other commands except store events. */
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

    /** Returns commands that were not committed to the front of the queue, except ticks and repairs. */
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
                    case Command.ScenarioChange change -> {
                        steps.putIfAbsent(StepKey.of(change), entry);
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

    /** Drops all events, because a newer snapshot contains them. */
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
     * Takes commands, the oldest first, and drops stale ones. Store events come before all other commands, because they are
     * committed already. If only one command is taken, it is the oldest one of any kind: it may be the one that the store
     * refuses. Lists of unknown nodes come last if not everything is taken.
     *
     * @param most how many commands are taken at most
     * @param now in {@link Timestamp#monotonicNanos}
     */
    List<PendingCommand> take(int most, long now) {
        lock.lock();
        try {
            List<PendingCommand> taken = new ArrayList<>();
            if (events > 0 && most > 1) {
                take(most, now, taken, entry -> entry.command instanceof Command.StoreEvents);
            }
            if (most > 1 && !unknown.isEmpty() && entries.size() > most - taken.size()) {
                take(most, now, taken, entry -> !entry.isUnknown);
            }
            take(most, now, taken, entry -> true);
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** Takes all events of the store. */
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

    private void take(int most, long now, List<PendingCommand> taken, Predicate<PendingCommand> wanted) {
        Iterator<PendingCommand> waiting = entries.iterator();
        while (taken.size() < most && waiting.hasNext()) {
            PendingCommand entry = waiting.next();
            if (!wanted.test(entry)) {
                continue;
            }
            waiting.remove();
            removed(entry);
            // Senders never repeat their reports and steps, so the newest of each is kept although its caller is gone.
            boolean kept = switch (entry.command) {
                case Command.NodeReport report -> reports.remove(report.node()) != null;
                case Command.ScenarioChange change ->
                    steps.remove(StepKey.of(change), entry) && steps.size() < Math.max(1, limit / STEP_SHARE);
                case Command.StoreEvents any -> {
                    events--;
                    yield true;
                }
                case Command.Tick any -> {
                    tick = false;
                    yield true;
                }
                default -> false;
            };
            if (kept || entry.deadline >= now) {
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
