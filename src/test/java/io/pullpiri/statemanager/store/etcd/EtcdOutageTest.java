// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.CommitResult.Committed;
import io.pullpiri.statemanager.store.CommitResult.Unavailable;
import io.pullpiri.statemanager.store.CommitResult.Unknown;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.Cable;
import io.pullpiri.statemanager.testing.EtcdAdmin;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.WatchRecorder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The effects of an outage of etcd on calls and watches. */
@Tag("etcd")
@Timeout(60)
class EtcdOutageTest {

    private static final Duration LONG = Duration.ofMinutes(2);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private EtcdServer server;
    private Cable cable;

    /** Is connected to etcd through the cable. */
    private EtcdStore store;

    @BeforeEach
    void start() {
        server = EtcdServer.start();
        cable = new Cable(server.port());
        store = EtcdStore.open(List.of(cable.endpoint()), LONG, Duration.ofSeconds(3), null);
    }

    @AfterEach
    void stop() {
        store.close();
        cable.close();
        server.close();
    }

    @Test
    void etcdDown_failsCallsAtOnceAndAppliesNothingLater() {
        store.put("/model/a", "1");
        server.kill();
        assertThatThrownBy(() -> store.get("/model/a"))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("etcd");
        assertThatThrownBy(() -> store.put("/model/b", "ghost")).isInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> store.snapshot(List.of("/"))).isInstanceOf(StoreUnavailableException.class);
        try (EtcdStore fresh = EtcdStore.open(List.of(server.endpoint()), LONG)) {
            assertThat(fresh.commit(create("/model/b", "ghost"), LONG)).isInstanceOf(Unavailable.class);
        }
        server.restart();
        commitWhenBack("/model/c");
        assertThat(store.getAllWithPrefix("/model/")).extracting(KeyValue::key).containsExactly("/model/a", "/model/c");
    }

    /** A machine that first refuses and then freezes; found by {@code make chaos STORE=etcd SEED=3}. */
    @Test
    void silentConnection_isClosed() throws Exception {
        try (EtcdStore hasty = EtcdStore.open(List.of(cable.endpoint()), Duration.ofSeconds(2))) {
            hasty.put("/model/a", "1");
            cable.cut();
            assertFails(hasty);
            cable.mute();
            assertFails(hasty);
            cable.join();
            Await.until(PATIENCE, () -> "etcd answers again", () -> answers(hasty));
        }
    }

    private static void assertFails(EtcdStore store) throws InterruptedException {
        for (int i = 0; i < 20; i++) {
            assertThat(answers(store)).isFalse();
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private static boolean answers(EtcdStore store) {
        try {
            return store.get("/model/a").isPresent();
        } catch (StoreUnavailableException e) {
            return false;
        }
    }

    @Test
    void secondMember_takesOverForOneThatIsDown() {
        try (EtcdStore pair = EtcdStore.open(List.of("127.0.0.1:1", "localhost:" + server.port()), LONG)) {
            for (int i = 0; i < 10; i++) {
                pair.put("/model/a", "1");
            }
        }
    }

    @Test
    void lateAnswer_leavesTheOutcomeUnknown() {
        store.put("/model/a", "1");
        server.pause();
        assertThat(store.commit(create("/model/b", "maybe"), SHORT)).isInstanceOf(Unknown.class);
        server.resume();
        commitWhenBack("/model/c");
        assertThat(store.get("/model/b"))
                .satisfiesAnyOf(
                        b -> assertThat(b).isEmpty(),
                        b -> assertThat(b).map(KeyValue::value).contains("maybe"));
    }

    @Test
    void connectionBrokenDuringACommit_leavesTheOutcomeUnknown() throws Exception {
        store.put("/model/a", "1");
        server.pause();
        long before = cable.bytesToTarget();
        CompletableFuture<CommitResult> result =
                CompletableFuture.supplyAsync(() -> store.commit(create("/model/b", "maybe"), LONG));
        Await.until(PATIENCE, () -> "the commit in flight", () -> cable.bytesToTarget() > before);
        assertThat(result).isNotDone();
        cable.cut();
        assertThat(result.get(20, TimeUnit.SECONDS)).isInstanceOf(Unknown.class);
        server.resume();
    }

    @Test
    void readWithoutAnAnswerInTime_isUnavailable() {
        try (EtcdStore hasty = EtcdStore.open(List.of(server.endpoint()), SHORT)) {
            hasty.put("/model/a", "1");
            server.pause();
            assertThatThrownBy(() -> hasty.get("/model/a")).isInstanceOf(StoreUnavailableException.class);
            server.resume();
        }
    }

    @Test
    void watch_survivesAnEtcdCrashWithoutGapOrDouble() {
        WatchRecorder recorder = new WatchRecorder();
        List<Long> written = new ArrayList<>();
        long start = store.put("/x", "x");
        store.watch(List.of("/model/", "Package/"), start + 1, recorder);
        for (int round = 0; round < 3; round++) {
            written.add(store.put("/model/a", "x"));
            written.add(commitWhenBack("Package/" + round));
            server.kill();
            server.restart();
            written.add(commitWhenBack("/model/" + round));
        }
        recorder.awaitEvents(written.size());
        recorder.assertNotLost();
        assertThat(recorder.events().stream().map(WatchEvent::revision).sorted())
                .containsExactlyElementsOf(written);
    }

    @Test
    void interruptedWatch_catchesUp() {
        WatchRecorder recorder = new WatchRecorder();
        long start = store.put("/x", "x");
        store.watch(List.of("/model/"), start + 1, recorder);
        store.put("/model/a", "1");
        recorder.awaitEvents(1);
        try (EtcdStore direct = EtcdStore.open(List.of(server.endpoint()), LONG)) {
            cable.cut();
            for (int i = 0; i < 50; i++) {
                direct.put("/model/a", String.valueOf(i));
            }
            cable.join();
            recorder.awaitEvents(51);
            recorder.assertNotLost();
            assertThat(recorder.events())
                    .extracting(WatchEvent::revision)
                    .containsExactlyElementsOf(LongStream.rangeClosed(start + 1, start + 51)
                            .boxed()
                            .toList());
        }
    }

    @Test
    void watchThatMissedCompactedRevisions_isLost() {
        WatchRecorder recorder = new WatchRecorder();
        long start = store.put("/x", "x");
        store.watch(List.of("/model/"), start + 1, recorder);
        store.put("/model/a", "1");
        recorder.awaitEvents(1);
        cable.cut();
        try (EtcdStore direct = EtcdStore.open(List.of(server.endpoint()), LONG)) {
            direct.put("/model/a", "2");
            EtcdAdmin.compact(server.endpoint(), direct.put("/model/a", "3"));
        }
        cable.join();
        assertThat(recorder.awaitLoss()).contains("compacted");
    }

    @Test
    void watchInterruptedForLong_isLost() {
        beImpatient();
        WatchRecorder recorder = new WatchRecorder();
        store.watch(List.of("/model/"), store.put("/x", "x") + 1, recorder);
        store.put("/model/a", "1");
        recorder.awaitEvents(1);
        cable.cut();
        assertThat(recorder.awaitLoss())
                .contains("etcd has sent nothing")
                .containsAnyOf("UNAVAILABLE", "cannot be reached");
    }

    @Test
    void silentWatch_isChecked() {
        beImpatient();
        WatchRecorder recorder = new WatchRecorder();
        store.watch(List.of("/model/"), store.put("/x", "x") + 1, recorder);
        store.put("/model/a", "1");
        recorder.awaitEvents(1);
        server.pause();
        assertThat(recorder.awaitLoss()).contains("etcd has sent nothing");
        server.resume();
    }

    @Test
    void watchWithoutEvents_isNotLost() {
        beImpatient();
        WatchRecorder idle = new WatchRecorder();
        WatchRecorder unreachable = new WatchRecorder();
        long start = store.put("/x", "x");
        try (EtcdStore elsewhere = EtcdStore.open(List.of("127.0.0.1:1"), LONG, Duration.ofSeconds(1), null)) {
            store.watch(List.of("/model/"), start + 1, idle);
            // Lost after three of its intervals, which are ten of the idle watch.
            elsewhere.watch(List.of("/model/"), 1, unreachable);
            unreachable.awaitLoss();
        }
        store.put("/model/a", "1");
        idle.awaitEvents(1);
        idle.assertNotLost();
    }

    @Test
    void watchWhenEtcdsDataAreReplaced_isLost() {
        WatchRecorder recorder = new WatchRecorder();
        for (int i = 0; i < 20; i++) {
            store.put("/model/a", "x");
        }
        store.watch(List.of("/model/"), store.put("/x", "x"), recorder);
        server.stop();
        server.wipe();
        server.restart();
        // etcd 3.6 and later sends nothing on a watch that starts at a future revision.
        assertThat(recorder.awaitLoss()).containsAnyOf("replaced", "etcd has sent nothing");
    }

    @Test
    void exhaustedQuota_isUnavailableAndServiceContinuesWhenThereIsRoom() {
        try (EtcdServer small = EtcdServer.start("--quota-backend-bytes", "4000000");
                EtcdStore full = EtcdStore.open(List.of(small.endpoint()), LONG)) {
            CommitResult result = new Committed(0);
            int count = 0;
            String value = "x".repeat(500_000);
            while (!(result instanceof Unavailable)) {
                result = full.commit(create("/model/" + count++, value), LONG);
                assertThat(count).isLessThan(100);
            }
            assertThat(((Unavailable) result).reason()).contains("space exceeded");
            assertThat(full.get("/model/" + (count - 1)))
                    .as("nothing was written")
                    .isEmpty();
            assertThatThrownBy(() -> full.put("/model/x", value)).isInstanceOf(StoreUnavailableException.class);

            EtcdAdmin.deleteAll(small.endpoint());
            EtcdAdmin.compact(small.endpoint(), full.snapshot(List.of()).revision());
            EtcdAdmin.makeRoom(small.endpoint());
            assertThat(full.commit(create("/model/new", value), LONG)).isInstanceOf(Committed.class);
        }
    }

    /** Asks etcd for progress so often that its restart takes too long. */
    private void beImpatient() {
        store.close();
        store = EtcdStore.open(List.of(cable.endpoint()), LONG, Duration.ofMillis(300), null);
    }

    private long commitWhenBack(String key) {
        List<CommitResult> results = new ArrayList<>();
        Await.until(PATIENCE, () -> "a commit after the outage; got " + results, () -> {
            results.clear();
            results.add(store.commit(create(key, "x"), SHORT));
            return !(results.getFirst() instanceof Unavailable);
        });
        assertThat(results.getFirst()).isInstanceOf(Committed.class);
        return ((Committed) results.getFirst()).revision();
    }

    private static Transaction create(String key, String value) {
        return new Transaction(List.of(new Write(key, value, 0)));
    }
}
