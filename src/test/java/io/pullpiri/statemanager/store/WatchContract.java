// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store;

import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.store.CommitResult.Committed;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.testing.WatchRecorder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The contract of every {@link StateStore} on watches. {@link StateStoreContract} has the rest. */
public abstract class WatchContract extends StateStoreContract {

    protected static final List<String> BOTH = List.of("/model/", "Package/");

    /** Makes the store drop the changes up to its newest revision. */
    protected abstract void forgetHistory();

    @Test
    void watch_reportsPutsAndDeletesUnderItsPrefixesOnly() {
        WatchRecorder recorder = new WatchRecorder();
        long start = store.put("/model/before", "x");
        store.watch(BOTH, start + 1, recorder);
        long put = store.put("/model/a", "1");
        store.put("/model0", "neighbor");
        store.put("/statemanager/journal/1", "own");
        long changed = store.put("/model/a", "");
        long deleted = commit(delete("/model/a", changed));
        store.put("Package/end", "x");
        recorder.awaitEvent("Package/end").assertNotLost();
        assertThat(recorder.events())
                .filteredOn(event -> event.key().startsWith("/model"))
                .containsExactly(
                        new WatchEvent("/model/a", "1", put),
                        new WatchEvent("/model/a", "", changed),
                        new WatchEvent("/model/a", null, deleted));
    }

    @Test
    void watchFromThePast_reportsWhatHappenedSince() {
        long first = store.put("/model/a", "1");
        long second = store.put("/model/a", "2");
        long third = store.put("/model/b", "3");
        WatchRecorder recorder = new WatchRecorder();
        store.watch(List.of("/model/"), first, recorder);
        assertThat(recorder.awaitEvents(3))
                .containsExactly(
                        new WatchEvent("/model/a", "1", first),
                        new WatchEvent("/model/a", "2", second),
                        new WatchEvent("/model/b", "3", third));
    }

    @Test
    void watchFromTheFuture_reportsNothingBeforeIt() {
        long now = store.put("/model/a", "1");
        WatchRecorder recorder = new WatchRecorder();
        store.watch(List.of("/model/"), now + 3, recorder);
        store.put("/model/a", "2");
        store.put("/model/a", "3");
        store.put("/model/a", "4");
        assertThat(recorder.awaitEvents(1)).containsExactly(new WatchEvent("/model/a", "4", now + 3));
    }

    @Test
    void overlappingPrefixes_reportNothingTwice() {
        WatchRecorder recorder = new WatchRecorder();
        long start = store.put("/x", "x");
        store.watch(List.of("/model/a/", "/model/", "/model/"), start + 1, recorder);
        store.put("/model/a/state", "1");
        store.put("/model/end", "x");
        assertThat(recorder.awaitEvent("/model/end").events())
                .extracting(WatchEvent::key)
                .containsExactly("/model/a/state", "/model/end");
    }

    @Test
    void changesOfOneRevision_comeInOneCall() {
        WatchRecorder recorder = new WatchRecorder();
        long start = store.put("/x", "x");
        store.watch(List.of("/model/"), start + 1, recorder);
        Write[] writes = new Write[50];
        for (int i = 0; i < writes.length; i++) {
            writes[i] = put("/model/" + i, "x", 0);
        }
        commit(writes);
        assertThat(recorder.awaitEvents(50)).hasSize(50);
        assertThat(recorder.calls()).hasSize(1);
    }

    @Test
    void revisionZero_isRejected() {
        assertThatThrownBy(() -> store.watch(BOTH, 0, new WatchRecorder()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void watchFromACompactedRevision_isLost() {
        long past = store.put("/model/a", "1");
        forgetHistory();
        WatchRecorder recorder = new WatchRecorder();
        store.watch(List.of("/model/"), past, recorder);
        assertThat(recorder.awaitLoss()).contains("compacted");
        Snapshot snapshot = store.snapshot(List.of("/model/"));
        WatchRecorder next = new WatchRecorder();
        store.watch(List.of("/model/"), snapshot.revision() + 1, next);
        store.put("/model/a", "2");
        next.awaitEvents(1);
        assertThat(recorder.events()).as("a lost watch is silent").isEmpty();
    }

    @Test
    void closedWatch_reportsNothing() {
        WatchRecorder recorder = new WatchRecorder();
        WatchRecorder other = new WatchRecorder();
        long start = store.put("/x", "x");
        Watch watch = store.watch(List.of("/model/"), start + 1, recorder);
        store.watch(List.of("/model/"), start + 1, other);
        store.put("/model/a", "1");
        recorder.awaitEvents(1);
        watch.close();
        watch.close();
        store.put("/model/a", "2");
        other.awaitEvents(2);
        store.close();
        assertThat(recorder.assertNotLost().events()).hasSize(1);
        other.assertNotLost();
    }

    @Test
    void listener_mayCloseItsOwnWatchAndUseTheStore() {
        AtomicReference<Watch> watch = new AtomicReference<>();
        CountDownLatch watching = new CountDownLatch(1);
        WatchRecorder recorder = new WatchRecorder();
        long start = store.put("/x", "x");
        watch.set(store.watch(List.of("/model/"), start + 1, new WatchListener() {
            @Override
            public void onEvents(List<WatchEvent> events) {
                await(watching);
                watch.get().close();
                store.get("/model/a");
                recorder.onEvents(events);
            }

            @Override
            public void onLost(String reason) {
                recorder.onLost(reason);
            }
        }));
        store.put("/model/a", "1");
        watching.countDown();
        recorder.awaitEvents(1);
        WatchRecorder other = new WatchRecorder();
        store.watch(List.of("/model/"), start + 1, other);
        store.put("/model/a", "2");
        other.awaitEvents(2);
        assertThat(recorder.assertNotLost().events()).hasSize(1);
    }

    @Test
    void failingListener_losesOnlyItsOwnWatch() {
        WatchRecorder failed = new WatchRecorder();
        WatchRecorder other = new WatchRecorder();
        long start = store.put("/x", "x");
        store.watch(List.of("/model/"), start + 1, new WatchListener() {
            @Override
            public void onEvents(List<WatchEvent> events) {
                throw new IllegalStateException("on purpose");
            }

            @Override
            public void onLost(String reason) {
                failed.onLost(reason);
            }
        });
        store.watch(List.of("/model/"), start + 1, other);
        store.put("/model/a", "1");
        assertThat(failed.awaitLoss()).contains("on purpose");
        other.awaitEvents(1);
        other.assertNotLost();
    }

    @Test
    void snapshotAndItsWatch_missNothingAndDoubleNothing() throws Exception {
        Map<Long, String> written = new TreeMap<>();
        List<WatchEvent> seen = new ArrayList<>();
        try (ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Map<Long, String>>> results = new ArrayList<>();
            for (String name : List.of("/model/a", "/model/b", "Package/c")) {
                results.add(writers.submit(() -> write(name, 150)));
            }
            List<WatchRecorder> recorders = new ArrayList<>();
            List<Snapshot> snapshots = new ArrayList<>();
            while (results.stream().anyMatch(result -> !result.isDone()) && recorders.size() < 20) {
                Snapshot snapshot = store.snapshot(BOTH);
                WatchRecorder recorder = new WatchRecorder();
                store.watch(BOTH, snapshot.revision() + 1, recorder);
                snapshots.add(snapshot);
                recorders.add(recorder);
            }
            for (var result : results) {
                written.putAll(result.get(60, TimeUnit.SECONDS));
            }
            long newest = store.put("/model/end", "x");
            store.put("Package/end", "x");
            assertThat(recorders).isNotEmpty();
            for (int i = 0; i < recorders.size(); i++) {
                Snapshot snapshot = snapshots.get(i);
                WatchRecorder recorder =
                        recorders.get(i).awaitEvent("/model/end").awaitEvent("Package/end");
                recorder.assertNotLost();
                seen.clear();
                seen.addAll(recorder.events());
                seen.removeIf(event -> event.key().endsWith("/end"));
                assertThat(seen.stream()
                                .collect(groupingBy(event -> event.key().charAt(0)))
                                .values())
                        .allSatisfy(ofPrefix -> assertThat(ofPrefix)
                                .extracting(WatchEvent::revision)
                                .isSorted());
                Map<Long, String> reported = new TreeMap<>();
                seen.forEach(event -> assertThat(reported.put(event.revision(), event.key() + "=" + event.value()))
                        .as("reported twice: %s", event)
                        .isNull());
                Map<Long, String> expected = new TreeMap<>(written);
                expected.keySet().removeIf(revision -> revision <= snapshot.revision() || revision >= newest);
                assertThat(reported).isEqualTo(expected);
                for (KeyValue kv : snapshot.entries()) {
                    assertThat(written).containsEntry(kv.modRevision(), kv.key() + "=" + kv.value());
                }
            }
        }
    }

    private Map<Long, String> write(String key, int times) {
        Map<Long, String> written = new TreeMap<>();
        long revision = 0;
        for (int i = 0; i < times; i++) {
            CommitResult result = store.commit(transaction(put(key, String.valueOf(i), revision)), TIMEOUT);
            revision = ((Committed) result).revision();
            written.put(revision, key + "=" + i);
        }
        return written;
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
