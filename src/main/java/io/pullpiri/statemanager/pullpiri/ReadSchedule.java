// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Decides when Pullpiri's store is read for artifacts: at the start, at once after an announcement by ApiServer, 200 ms and
 * 1 s later, and otherwise after an interval. ApiServer writes a package and its models after it announces the scenario. Each read
 * scans the whole database, so two reads are at least 100 ms apart. May be used from any thread.
 */
final class ReadSchedule {

    static final Duration MIN_PAUSE = Duration.ofMillis(100);

    private static final List<Duration> AFTER_ANNOUNCEMENT =
            List.of(Duration.ZERO, Duration.ofMillis(200), Duration.ofSeconds(1));

    private final Duration interval;
    private final LongSupplier nanos;
    private final TreeSet<Long> announced = new TreeSet<>();
    private boolean read;
    private long lastRead;

    /**
     * @param interval between two reads without an announcement
     * @param nanos the current time in nanoseconds, from any origin
     */
    ReadSchedule(Duration interval, LongSupplier nanos) {
        this.interval = interval;
        this.nanos = nanos;
    }

    /** Schedules the reads after an announcement. They replace those of earlier announcements, which are not later. */
    synchronized void announced() {
        long now = nanos.getAsLong();
        announced.clear();
        AFTER_ANNOUNCEMENT.forEach(delay -> announced.add(now + delay.toNanos()));
        notifyAll();
    }

    /** Waits until a read is due, and returns the current time. A read that fails stays due. */
    synchronized long awaitNext() throws InterruptedException {
        long now = nanos.getAsLong();
        for (long left = nanosLeft(now); left > 0; left = nanosLeft(now)) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
            now = nanos.getAsLong();
        }
        return now;
    }

    /** Returns the nanoseconds until the next read; 0 or less if it is due. */
    synchronized long nanosLeft(long now) {
        if (!read) {
            return 0;
        }
        long next = lastRead + interval.toNanos();
        if (!announced.isEmpty()) {
            next = Math.min(next, Math.max(announced.first(), lastRead + MIN_PAUSE.toNanos()));
        }
        return next - now;
    }

    /** Records a successful read. */
    synchronized void succeeded(long beganAt) {
        read = true;
        lastRead = beganAt;
        announced.headSet(beganAt, true).clear();
    }
}
