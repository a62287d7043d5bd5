// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import io.pullpiri.statemanager.manager.Metrics;
import java.util.concurrent.atomic.LongAdder;

/** Counts what the mirror has done since the start. May be used from any thread. */
final class MirrorMetrics {

    private final LongAdder reads = new LongAdder();
    private final LongAdder writes = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder repairs = new LongAdder();
    private final LongAdder lostLists = new LongAdder();
    private volatile int broken;

    void register(Metrics metrics) {
        metrics.counter("statemanager_mirror_reads_total", "Reads of a prefix of Pullpiri's store", reads::sum);
        metrics.counter("statemanager_mirror_writes_total", "Keys written or deleted in Pullpiri's store", writes::sum);
        metrics.counter("statemanager_mirror_failures_total", "Failed calls of Pullpiri's store", failures::sum);
        metrics.counter(
                "statemanager_mirror_repairs_total",
                "State keys that differed when both stores were compared, and were repaired",
                repairs::sum);
        metrics.counter(
                "statemanager_mirror_lost_lists_total",
                "Container lists that did not arrive, and were taken from Pullpiri's store",
                lostLists::sum);
        metrics.gauge(
                "statemanager_mirror_broken_artifacts",
                "Artifacts of Pullpiri's store that cannot be used, and are ignored",
                () -> broken);
    }

    void setBroken(int artifacts) {
        broken = artifacts;
    }

    void foundContainers() {
        lostLists.increment();
    }

    void read() {
        reads.increment();
    }

    void wrote(int keys) {
        writes.add(keys);
    }

    void failed() {
        failures.increment();
    }

    void repaired(int keys) {
        repairs.add(keys);
    }

    long reads() {
        return reads.sum();
    }

    long lostLists() {
        return lostLists.sum();
    }

    long repairs() {
        return repairs.sum();
    }
}
