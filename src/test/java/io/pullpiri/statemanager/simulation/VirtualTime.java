package io.pullpiri.statemanager.simulation;

import io.pullpiri.statemanager.manager.Clock;
import io.pullpiri.statemanager.view.Timestamp;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

/** All that happens in a simulation, in the order of a clock that only goes when something happens. */
final class VirtualTime implements Clock {

    private static final long FIRST_DAY = TimeUnit.DAYS.toNanos(20_000);

    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparingLong(Task::at).thenComparingLong(Task::order));
    private final Map<Object, Long> lastOfChannel = new HashMap<>();
    private long order;
    private long ticks;
    private long wall = FIRST_DAY;

    private record Task(long at, long order, Runnable work) {}

    @Override
    public Timestamp now() {
        return new Timestamp(wall + ticks, ticks);
    }

    long ticks() {
        return ticks;
    }

    /** The clock on the wall is set; nobody's waiting is affected. */
    void jump(Duration by) {
        wall += by.toNanos();
    }

    void after(Duration delay, Runnable work) {
        tasks.add(new Task(ticks + Math.max(0, delay.toNanos()), order++, work));
    }

    /** The same, but never before what the channel was given earlier. */
    void inOrder(Object channel, Duration delay, Runnable work) {
        long at = Math.max(ticks + delay.toNanos(), lastOfChannel.getOrDefault(channel, 0L));
        lastOfChannel.put(channel, at);
        tasks.add(new Task(at, order++, work));
    }

    /** Lets happen what is due until then, and sets the clock to it. */
    void runUntil(long end) {
        while (!tasks.isEmpty() && tasks.element().at <= end) {
            Task next = tasks.remove();
            ticks = next.at;
            next.work.run();
        }
        ticks = Math.max(ticks, end);
    }
}
