// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.manager.ActionController.OffloadResult;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.OffloadRequest;
import io.pullpiri.statemanager.view.Timestamp;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The offloader with a store that fails when the test wants it to, and a loop that only the test moves. */
class OffloaderTest {

    private static final OffloadRequest REQUEST = new OffloadRequest("s", "p", "m", "A", "B", "", "");

    @TempDir
    Path folder;

    private final List<String> sent = new ArrayList<>();
    private final List<CompletableFuture<OffloadResult>> replies = new ArrayList<>();
    private final Set<String> restarted = new HashSet<>();
    private final Queue<Runnable> retries = new ArrayDeque<>();
    private SteppedManager loop;
    private Offloader offloader;

    @BeforeEach
    void setUp() {
        loop = new SteppedManager(SqliteStore.open(folder.resolve("states.db")), 3);
        loop.begin();
        offloader = offloader();
    }

    private Offloader offloader() {
        ActionController controller = new ActionController() {
            @Override
            public CompletableFuture<ReconcileResult> reconcile(String scenario, Duration timeout) {
                return CompletableFuture.completedFuture(new ReconcileResult(true, ""));
            }

            @Override
            public CompletableFuture<OffloadResult> offload(OffloadRequest request, Duration timeout) {
                sent.add(loop.store.value(Keys.offload(request.modelName())));
                CompletableFuture<OffloadResult> reply = new CompletableFuture<>();
                replies.add(reply);
                return reply;
            }
        };
        return new Offloader(
                loop.manager,
                controller,
                restarted::contains,
                Duration.ofMinutes(5),
                Duration.ofSeconds(60),
                () -> new Timestamp(1, 1),
                (delay, task) -> retries.add(task));
    }

    @AfterEach
    void tearDown() {
        loop.close();
    }

    private @Nullable OffloadRecord record() {
        return loop.manager.view().offload("m");
    }

    private CompletableFuture<Offloader.Answer> offload() {
        CompletableFuture<Offloader.Answer> answer = offloader.offload(REQUEST, SteppedManager.SOON);
        loop.turn();
        return answer;
    }

    // [utest->req~off-record~2]
    @Test
    void record_isStoredBeforeTheCall_andItsEndAfterIt() {
        CompletableFuture<Offloader.Answer> answer = offload();
        assertThat(sent).singleElement().asString().contains("\"phase\":\"OPEN\"");
        assertThat(answer).isNotDone();
        replies.getFirst().complete(new OffloadResult(true, "moved", "theirs"));
        loop.turn();
        assertThat(answer).isCompletedWithValue(new Offloader.Answer(true, "moved", "theirs"));
        assertThat(Objects.requireNonNull(record()).phase()).isEqualTo(OffloadRecord.Phase.SETTLING);
        assertThat(offloader.outcomes()).containsEntry(Offloader.Outcome.SUCCEEDED, 1L);
    }

    // [utest->req~off-record~2]
    @Test
    void requestWhileTheStoreIsAway_isRefusedBeforeAnyCall_andLeavesNoRecord() {
        loop.store.faults.add(FaultyStore.Fault.UNAVAILABLE);
        CompletableFuture<Offloader.Answer> answer = offloader.offload(REQUEST, Duration.ofNanos(1));
        loop.turn();
        assertThat(answer.join().accepted()).isFalse();
        assertThat(answer.join().message()).startsWith("the store is not available, and nothing was moved: ");
        assertThat(answer.join().transitionId()).isNotEmpty();
        loop.pass();
        retryUntilDone();
        assertThat(sent).isEmpty();
        assertThat(record()).isNull();
        assertThat(offloader.outcomes()).containsEntry(Offloader.Outcome.REFUSED, 1L);
    }

    // [utest->req~off-record~2]
    @Test
    void requestsDuringAnOutage_leaveOneEndForAModel_andNoneInTheQueue() {
        takeTheStoreAway();
        List<Offloader.Answer> answers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            answers.add(offloader.offload(REQUEST, Duration.ofNanos(1)).join());
        }
        assertThat(answers).noneMatch(Offloader.Answer::accepted);
        assertThat(answers.getLast().message())
                .startsWith("model_name: an earlier request for model m is not decided, because the store");
        int waiting = loop.manager.waiting();
        for (int i = 0; i < 5; i++) {
            assertThat(retries).as("ends that are not stored").hasSize(1);
            retries.remove().run();
        }
        assertThat(loop.manager.waiting()).as("commands in the queue").isEqualTo(waiting);
        loop.pass();
        retryUntilDone();
        assertThat(record()).isNull();
        CompletableFuture<Offloader.Answer> _ = offload();
        assertThat(sent).as("a request after the outage").hasSize(1);
    }

    // [utest->req~off-record~2]
    @Test
    void requestsForManyModelsDuringAnOutage_areRefused() {
        takeTheStoreAway();
        for (int i = 0; i < 100; i++) {
            offloader
                    .offload(new OffloadRequest("s", "p", "m" + i, "A", "B", "", ""), Duration.ofNanos(1))
                    .join();
        }
        assertThat(offloader.offload(REQUEST, Duration.ofNanos(1)).join().message())
                .startsWith("offloads: requests for 100 models are not decided");
        assertThat(loop.manager.anomalies().refusals())
                .containsEntry(new Anomalies.RefusalLabels("offloads", "undecided"), 1L);
        assertThat(retries).hasSize(100);
    }

    // [utest->req~off-record~2]
    @Test
    void requestDuringARestartInPlace_isRefusedBeforeAnyCall() {
        restarted.add("m");
        assertThat(offload().join().message()).startsWith("model_name: model m is being restarted in place");
        restarted.clear();
        CompletableFuture<Offloader.Answer> raced = offloader.offload(REQUEST, SteppedManager.SOON);
        restarted.add("m");
        loop.turn();
        assertThat(raced.join().message()).startsWith("model_name: model m is being restarted in place");
        assertThat(sent).isEmpty();
        assertThat(record()).isNull();
        restarted.clear();
        CompletableFuture<Offloader.Answer> _ = offload();
        assertThat(sent).as("a request after the restart").hasSize(1);
    }

    private void takeTheStoreAway() {
        loop.store.faults.add(FaultyStore.Fault.UNAVAILABLE);
        var _ = loop.set(ModelState.RUNNING);
        loop.turn();
        assertThat(loop.manager.isReady()).isFalse();
    }

    private void retryUntilDone() {
        while (!retries.isEmpty()) {
            retries.remove().run();
            loop.pass();
        }
    }

    // [utest->req~off-record~2]
    @Test
    void offload_isSentOnce_ifTheAnswerOfTheStoreToItsRecordIsLost() {
        loop.store.faults.add(FaultyStore.Fault.ANSWER_LOST);
        CompletableFuture<Offloader.Answer> answer = offload();
        assertThat(sent).isEmpty();
        loop.pass();
        loop.pass();
        assertThat(sent).hasSize(1);
        replies.getFirst().complete(new OffloadResult(true, "moved", ""));
        loop.turn();
        assertThat(answer.join().accepted()).isTrue();
    }

    // [utest->req~off-restart~1]
    @Test
    void openCallOfAnEarlierProcess_isEndedAndNotSentAgain() {
        CompletableFuture<Offloader.Answer> _ = offload();
        loop.stop();
        loop.close();
        loop = new SteppedManager(SqliteStore.open(folder.resolve("states.db")), 3);
        offloader = offloader();
        loop.manager.start();
        loop.turn();
        OffloadRecord record = Objects.requireNonNull(record());
        assertThat(record.phase()).isEqualTo(OffloadRecord.Phase.SETTLING);
        assertThat(record.success()).isFalse();
        assertThat(record.message()).startsWith("StateManager was restarted during the call");
        assertThat(sent).hasSize(1);
    }
}
