package io.pullpiri.statemanager.manager;

import io.pullpiri.statemanager.cascade.Answer;
import io.pullpiri.statemanager.cascade.Command;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The one queue. Bounded in commands and in the memory that they take; a node's newer report takes the place of its older
 * one that still waits, and both callers get the newer one's outcome. All methods may be called from any thread.
 */
final class Inbox {

    /** Of one report: those who wait longest are told that it is not durable yet. */
    private static final int MAX_CALLERS = 100;

    private final int limit;
    private final long maxBytes;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by the lock.
    private final SequencedSet<Entry> entries = new LinkedHashSet<>();
    private final Map<String, Entry> reports = new HashMap<>();
    private int events;
    private long bytes;

    /** Whether a tick waits. */
    private boolean tick;

    /** A command that waits, and who waits for its answer. Compared by identity. */
    static final class Entry {

        private Command command;
        private long bytes;
        private final List<CompletableFuture<Answer>> callers = new ArrayList<>();
        private final long received;
        private final long deadline;

        /**
         * @param received when it came, in ticks
         * @param deadline when nobody waits for the answer any more, in ticks
         */
        Entry(Command command, long received, long deadline) {
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

        void answer(Answer answer) {
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
     */
    Inbox(int limit, long maxBytes) {
        this.limit = limit;
        this.maxBytes = maxBytes;
    }

    /**
     * @param now in ticks
     * @param patience of the caller, in ticks
     * @return false if as much waits as may
     */
    boolean offer(Command command, CompletableFuture<Answer> caller, long now, long patience) {
        Entry entry = new Entry(command, now, now + patience);
        entry.callers.add(caller);
        CompletableFuture<Answer> displaced = null;
        lock.lock();
        try {
            if (command instanceof Command.NodeReport report) {
                Entry older = reports.get(report.node());
                if (older != null) {
                    if (!hasRoomFor(entry.bytes, older.bytes)) {
                        return false;
                    }
                    bytes += entry.bytes - older.bytes;
                    older.command = command;
                    older.bytes = entry.bytes;
                    older.callers.removeIf(CompletableFuture::isDone);
                    if (older.callers.size() >= MAX_CALLERS) {
                        displaced = older.callers.removeFirst();
                    }
                    older.callers.add(caller);
                    return true;
                }
            }
            if (entries.size() - events >= limit || !hasRoomFor(entry.bytes, 0)) {
                return false;
            }
            bytes += entry.bytes;
            entries.addLast(entry);
            if (command instanceof Command.NodeReport report) {
                reports.put(report.node(), entry);
            }
            return true;
        } finally {
            lock.unlock();
            if (displaced != null) {
                displaced.complete(new Answer.Unavailable("not durable yet: newer reports of the node have come"));
            }
        }
    }

    /** The largest command that a message can hold may be more than may wait: alone, it gets its turn. */
    private boolean hasRoomFor(long command, long displaced) {
        long others = bytes - displaced;
        return others == 0 || command <= displaced || others + command <= maxBytes;
    }

    /** @return false if as many events wait as may: some would be lost */
    boolean offerEvents(Command.StoreEvents command) {
        lock.lock();
        try {
            if (events >= limit) {
                return false;
            }
            events++;
            entries.addLast(new Entry(command, 0, Long.MAX_VALUE));
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
                entries.addFirst(new Entry(new Command.Tick(), 0, Long.MAX_VALUE));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Puts back what could not be done, before everything that has come since; but not what the loop itself has begun. */
    void giveBack(List<Entry> batch) {
        lock.lock();
        try {
            for (Entry entry : batch.reversed()) {
                bytes += entry.bytes;
                switch (entry.command) {
                    case Command.NodeReport report -> {
                        Entry newer = reports.putIfAbsent(report.node(), entry);
                        if (newer == null) {
                            entries.addFirst(entry);
                        } else {
                            newer.callers.addAll(entry.callers);
                            bytes -= entry.bytes;
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
     * there the oldest may be what the store refuses.
     */
    List<Entry> take(int most, long ticks) {
        lock.lock();
        try {
            List<Entry> taken = new ArrayList<>();
            if (events > 0 && most > 1) {
                take(most, ticks, taken, true);
            }
            take(most, ticks, taken, false);
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** Takes all that the store has told. */
    List<Entry> takeEvents() {
        lock.lock();
        try {
            List<Entry> taken = new ArrayList<>();
            take(Integer.MAX_VALUE, 0, taken, true);
            return taken;
        } finally {
            lock.unlock();
        }
    }

    private void take(int most, long ticks, List<Entry> taken, boolean told) {
        Iterator<Entry> waiting = entries.iterator();
        while (taken.size() < most && waiting.hasNext()) {
            Entry entry = waiting.next();
            if (told && !(entry.command instanceof Command.StoreEvents)) {
                continue;
            }
            waiting.remove();
            bytes -= entry.bytes;
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
