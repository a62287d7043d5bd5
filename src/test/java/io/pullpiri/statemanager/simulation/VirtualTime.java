// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import io.pullpiri.statemanager.manager.Clock;
import io.pullpiri.statemanager.view.Timestamp;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

/** Runs the tasks of a simulation in the order of a simulated clock, which moves from one task to the next. */
final class VirtualTime implements Clock {

    private static final long FIRST_DAY = TimeUnit.DAYS.toNanos(20_000);

    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparingLong(Task::at).thenComparingLong(Task::order));
    private final Map<Object, Long> lastOfChannel = new HashMap<>();
    private long order;
    private long ticks;
    private long wall = FIRST_DAY;
    private long lastJump = Long.MIN_VALUE;

    private record Task(long at, long order, Runnable work) {}

    @Override
    public Timestamp now() {
        return new Timestamp(wall + ticks, ticks);
    }

    long ticks() {
        return ticks;
    }

    /** Sets the wall clock; delays do not change. */
    void jump(Duration by) {
        wall += by.toNanos();
        lastJump = ticks;
    }

    /** Returns when the wall clock was set for the last time, in ticks; {@code Long.MIN_VALUE} if it was not. */
    long lastJump() {
        return lastJump;
    }

    void after(Duration delay, Runnable work) {
        tasks.add(new Task(ticks + Math.max(0, delay.toNanos()), order++, work));
    }

    /** Schedules a task, but never before an earlier task of the same channel. */
    void inOrder(Object channel, Duration delay, Runnable work) {
        long at = Math.max(ticks + delay.toNanos(), lastOfChannel.getOrDefault(channel, 0L));
        lastOfChannel.put(channel, at);
        tasks.add(new Task(at, order++, work));
    }

    /** Runs the tasks that are due until a time, and moves the clock to it. */
    void runUntil(long end) {
        while (!tasks.isEmpty() && tasks.element().at <= end) {
            Task next = tasks.remove();
            ticks = next.at;
            next.work.run();
        }
        ticks = Math.max(ticks, end);
    }
}
