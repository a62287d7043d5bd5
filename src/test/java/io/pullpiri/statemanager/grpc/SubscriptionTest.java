// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.pullpiri.proto.schedinfo.v1.FaultInfo;
import io.pullpiri.proto.statemanager.EventType;
import io.pullpiri.proto.statemanager.ResourceStateHistoryRequest;
import io.pullpiri.proto.statemanager.ResourceStateHistoryResponse;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.Severity;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.StateTransitionHistory;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Subscriptions and histories, through real clients. */
@Tag("slow")
class SubscriptionTest {

    private static final int MODELS = 100;
    private static final int ROUNDS = 1_000;

    /** How many rounds the writer may be ahead of a reader: 20,000 events, of 65,536 that are kept. */
    private static final int MAX_LEAD = 200;

    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    private FakeActionController controller;
    private ServerRig rig;
    private final List<Subscriber> subscribers = new CopyOnWriteArrayList<>();

    @BeforeEach
    void setUp() throws IOException {
        controller = FakeActionController.start(0);
        start();
    }

    private void start() throws IOException {
        rig = new ServerRig(
                "sqlite:" + folder.resolve("states.db"),
                controller.address(),
                Map.of(
                        Setting.RECONCILE_RESYNC,
                        "60s",
                        Setting.HISTORY_LIMIT,
                        "5",
                        // The disk of a busy machine may be slow.
                        Setting.COMMIT_TIMEOUT,
                        "30s"));
    }

    @AfterEach
    void tearDown() {
        subscribers.forEach(Subscriber::close);
        rig.close();
        controller.close();
    }

    /** A subscription whose events are read one by one. */
    private final class Subscriber implements AutoCloseable {

        private final CancellableContext context = Context.current().withCancellation();
        private final Iterator<StateChangeEvent> events;

        Subscriber(StateChangeSubscriptionRequest.Builder request) {
            Context before = context.attach();
            try {
                events = StateManagerConnectionGrpc.newBlockingStub(rig.channel())
                        .withDeadlineAfter(60, TimeUnit.SECONDS)
                        .subscribeToStateChanges(request.build());
            } finally {
                context.detach(before);
            }
            subscribers.add(this);
        }

        StateChangeEvent next() {
            return events.next();
        }

        /** {@code braking: Running > Degraded} */
        String change() {
            StateChangeEvent event = next();
            return event.getStateChange().getResourceName() + ": "
                    + event.getStateChange().getCurrentState() + " > "
                    + event.getStateChange().getTargetState();
        }

        @Override
        public void close() {
            context.cancel(null);
        }
    }

    private static StateChangeSubscriptionRequest.Builder request() {
        return StateChangeSubscriptionRequest.newBuilder();
    }

    // [utest->req~wire-subscription~1]
    @Test
    void subscriber_getsTheSnapshotAndThenEveryChangeInOrder() {
        rig.apply(ServerRig.BRAKING);
        var _ = rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        Subscriber all = new Subscriber(request());

        List<StateChangeEvent> snapshot = List.of(all.next(), all.next(), all.next(), all.next());
        assertThat(snapshot)
                .allSatisfy(event -> assertThat(event.getMetadataMap()).containsEntry("snapshot", "true"));
        assertThat(snapshot.stream()
                        .map(event -> event.getStateChange().getResourceName() + " "
                                + event.getStateChange().getTargetState()))
                .containsExactly("drive Idle", "braking Running", "brake Running", "light Running");
        assertThat(snapshot.subList(0, 3))
                .as("no client can continue within the snapshot")
                .allSatisfy(event -> assertThat(event.getEventId()).isEmpty());
        Subscriber afterSnapshot =
                new Subscriber(request().putFilter("after", snapshot.getLast().getEventId()));
        var _ = rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));
        assertThat(all.change()).isEqualTo("brake: Running > Dead");
        StateChangeEvent degraded = all.next();
        assertThat(degraded.getEventType()).isEqualTo(EventType.EVENT_TYPE_STATE_CHANGE);
        assertThat(degraded.getSeverity()).isEqualTo(Severity.SEVERITY_WARNING);
        assertThat(degraded.getStateChange().getTargetState()).isEqualTo("Degraded");
        assertThat(degraded.getDescription()).contains("exit code 139");
        assertThat(degraded.getMetadataMap()).containsEntry("generation", "3").containsKey("duration_ms");
        assertThat(afterSnapshot.change()).isEqualTo("brake: Running > Dead");
    }

    @Test
    void filter_excludesOtherTypesAndNames() {
        rig.apply(ServerRig.BRAKING);
        var _ = rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        Subscriber packages = new Subscriber(request().setResourceType(ResourceType.RESOURCE_TYPE_PACKAGE));
        Subscriber light = new Subscriber(request().putFilter("name", "light"));
        // With its snapshot, a subscriber is registered: it misses none of the changes that follow.
        assertThat(packages.change()).isEqualTo("braking:  > Running");
        assertThat(light.change()).isEqualTo("light:  > Running");

        var _ = rig.client().sendChangedContainerList(ServerRig.list("running", "paused"));
        var _ = rig.client().sendChangedContainerList(ServerRig.list("paused", "paused"));

        assertThat(packages.change()).isEqualTo("braking: Running > Paused");
        assertThat(light.change()).isEqualTo("light: Running > Paused");
    }

    // [utest->req~wire-subscription~1]
    @Test
    void subscriberAfterARestart_continuesWhereItStopped() throws IOException {
        rig.apply(ServerRig.BRAKING);
        Subscriber first = new Subscriber(request());
        assertThat(first.next().getMetadataMap()).containsEntry("snapshot", "true");
        assertThat(first.next().getMetadataMap()).containsEntry("snapshot", "true");
        var _ = rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        StateChangeEvent last = first.next();
        assertThat(last.getStateChange().getResourceName()).isEqualTo("brake");
        var _ = rig.client().sendChangedContainerList(ServerRig.list("paused", "paused"));
        rig.close();
        assertThatThrownBy(() -> {
                    while (true) {
                        var _ = first.next();
                    }
                })
                .isInstanceOf(StatusRuntimeException.class);

        start();
        Subscriber resumed = new Subscriber(request().putFilter("after", last.getEventId()));

        assertThat(resumed.change()).isEqualTo("light:  > Running");
        assertThat(resumed.change()).isEqualTo("braking: Idle > Running");
        assertThat(resumed.change()).isEqualTo("brake: Running > Paused");
        assertThat(resumed.change()).isEqualTo("light: Running > Paused");
        assertThat(resumed.change()).isEqualTo("braking: Running > Paused");
        var _ = rig.client().sendChangedContainerList(ServerRig.list("running", "paused"));
        assertThat(resumed.change()).isEqualTo("brake: Paused > Running");
    }

    // [utest->req~wire-subscription~1]
    @Test
    void recoveriesAndFaults_areSentToThoseWhoAsk() {
        rig.apply(ServerRig.BRAKING);
        Subscriber asking = new Subscriber(request()
                .setResourceType(ResourceType.RESOURCE_TYPE_PACKAGE)
                .setIncludeRecoveryEvents(true)
                .setIncludeHealthEvents(true));
        Subscriber other = new Subscriber(request().setResourceType(ResourceType.RESOURCE_TYPE_PACKAGE));
        assertThat(asking.change()).isEqualTo("braking:  > Idle");
        assertThat(other.change()).isEqualTo("braking:  > Idle");

        var _ = rig.client().sendChangedContainerList(ServerRig.list("exited:1", "exited:1"));
        assertThat(asking.change()).isEqualTo("braking: Idle > Error");
        StateChangeEvent requested = asking.next();
        assertThat(requested.getEventType()).isEqualTo(EventType.EVENT_TYPE_RECOVERY_START);
        assertThat(requested.getMetadataMap())
                .containsEntry("step", "requested")
                .containsEntry("package", "braking")
                .containsEntry("scenario", "drive");
        assertThat(asking.next().getMetadataMap()).containsEntry("step", "acknowledged");
        var _ = rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        List<EventType> two =
                List.of(asking.next().getEventType(), asking.next().getEventType());
        assertThat(two)
                .containsExactlyInAnyOrder(EventType.EVENT_TYPE_STATE_CHANGE, EventType.EVENT_TYPE_RECOVERY_COMPLETE);
        var _ = rig.faults()
                .notifyFault(FaultInfo.newBuilder()
                        .setWorkloadId("w")
                        .setNodeId("HPC")
                        .setTaskName("t")
                        .build());
        assertThat(asking.next().getEventType()).isEqualTo(EventType.EVENT_TYPE_WARNING);
        assertThat(other.change()).isEqualTo("braking: Idle > Error");
        assertThat(other.change()).isEqualTo("braking: Error > Running");
    }

    @Test
    void invalidSubscription_isRejectedWithTheReason() {
        assertRefused(
                request().setResourceType(ResourceType.RESOURCE_TYPE_NETWORK),
                Status.Code.INVALID_ARGUMENT,
                "not managed");
        assertRefused(request().putFilter("colour", "red"), Status.Code.INVALID_ARGUMENT, "filter: 'colour'");
        assertRefused(request().putFilter("after", "soon"), Status.Code.INVALID_ARGUMENT, "filter.after: 'soon'");
        assertRefused(request().putFilter("after", "999.0"), Status.Code.OUT_OF_RANGE, "999.0");
    }

    private void assertRefused(StateChangeSubscriptionRequest.Builder request, Status.Code code, String message) {
        Subscriber subscriber = new Subscriber(request);
        assertThatThrownBy(subscriber::next).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(code);
            assertThat(e.getStatus().getDescription()).contains(message);
        });
    }

    // [utest->req~wire-queries~1]
    @Test
    void history_hasTheNewestChangesWithCauseSourceAndDuration() throws IOException {
        rig.apply(ServerRig.BRAKING);
        for (int i = 0; i < 4; i++) {
            var _ = rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
            var _ = rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));
        }
        for (int start = 0; start < 2; start++) {
            ResourceStateHistoryResponse history = history("braking", 0, 0);
            assertThat(history.getSuccess()).isTrue();
            assertThat(history.getHistoryList())
                    .extracting(StateTransitionHistory::getToState)
                    .containsExactly("Degraded", "Running", "Degraded", "Running", "Degraded");
            StateTransitionHistory newest = history.getHistory(0);
            assertThat(newest.getFromState()).isEqualTo("Running");
            assertThat(newest.getReason()).contains("exit code 139");
            assertThat(newest.getSource()).isEqualTo("node HPC");
            assertThat(newest.getDurationMs()).isNotNegative();
            assertThat(history("braking", 2, 0).getHistoryCount()).isEqualTo(2);
            assertThat(history("braking", 0, history.getHistory(1).getTimestampNs())
                            .getHistoryCount())
                    .isEqualTo(2);
            rig.close();
            start();
        }
        assertThat(history("missing", 0, 0).getMessage()).isEqualTo("package missing is not known");
        assertThat(history("braking", -1, 0).getMessage()).startsWith("limit: -1");
    }

    @Test
    void historyOfAPeriod_isCompleteAlthoughTheClockWasSetBack() throws IOException {
        rig.apply(ServerRig.BRAKING);
        var _ = rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        var _ = rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));
        var _ = rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        rig.close();
        try (StateStore store = SqliteStore.open(folder.resolve("states.db"))) {
            List<KeyValue> records = store.getAllWithPrefix(Keys.JOURNAL_PREFIX);
            KeyValue degraded = records.get(records.size() - 2);
            assertThat(degraded.value()).contains("Degraded");
            store.put(degraded.key(), degraded.value().replaceAll("\"atNanos\":\\d+", "\"atNanos\":1"));
        }
        start();

        assertThat(history("braking", 0, 2).getHistoryList())
                .extracting(StateTransitionHistory::getToState)
                .containsExactly("Running", "Running", "Idle");
    }

    private ResourceStateHistoryResponse history(String name, int limit, long startNs) {
        return rig.client()
                .getResourceStateHistory(ResourceStateHistoryRequest.newBuilder()
                        .setResourceType(ResourceType.RESOURCE_TYPE_PACKAGE)
                        .setResourceName(name)
                        .setStartTimeNs(startNs)
                        .setLimit(limit)
                        .build());
    }

    /** Permanent, short and stalled readers while 100,000 states change. */
    @Test
    void manyChanges_areNeitherMissedNorDoubled() throws Exception {
        Map<String, Long> steady = new HashMap<>();
        Map<String, Long> changing = new HashMap<>();
        AtomicInteger steadyRound = new AtomicInteger();
        AtomicInteger changingRound = new AtomicInteger();
        // The common pool has only one thread on a machine with two processors.
        Executor readers = task -> Thread.ofVirtual().start(task);
        CompletableFuture<Void> first = CompletableFuture.runAsync(
                () -> {
                    Subscriber subscriber = new Subscriber(request());
                    while (!isComplete(steady)) {
                        steadyRound.set(follow(steady, subscriber.next()));
                    }
                },
                readers);
        CompletableFuture<Void> second = CompletableFuture.runAsync(
                () -> {
                    @Nullable StateChangeEvent last = null;
                    while (!isComplete(changing)) {
                        try (Subscriber subscriber = new Subscriber(
                                last == null ? request() : request().putFilter("after", last.getEventId()))) {
                            for (int i = 0; i < 997 && !isComplete(changing); i++) {
                                last = subscriber.next();
                                changingRound.set(follow(changing, last));
                            }
                        }
                    }
                },
                readers);
        CountDownLatch stalled = new CountDownLatch(1);
        AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
        List<StateChangeEvent> _ = stall(rig.channel(), stalled, failed);

        for (int round = 1; round <= ROUNDS; round++) {
            // The writer waits for the reader, so the reader keeps up on any machine. The stalled reader still loses
            // its place.
            int least = round - MAX_LEAD;
            Await.until(
                    SOON,
                    () -> "steady in round " + steadyRound + ", changing in round " + changingRound,
                    () -> (steadyRound.get() >= least && changingRound.get() >= least)
                            || first.isCompletedExceptionally()
                            || second.isCompletedExceptionally());
            ModelState state = round % 2 == 0 ? ModelState.DEAD : ModelState.RUNNING;
            List<CompletableFuture<CommandResult>> answers = new ArrayList<>();
            for (int model = 0; model < MODELS; model++) {
                answers.add(
                        rig.server.manager().submit(new Command.ModelChange("m" + model, state, "id", "test"), SOON));
            }
            for (CompletableFuture<CommandResult> answer : answers) {
                assertThat(answer.join()).isInstanceOf(CommandResult.Done.class);
            }
        }
        first.get(SOON.toSeconds(), TimeUnit.SECONDS);
        second.get(SOON.toSeconds(), TimeUnit.SECONDS);
        stalled.countDown();
        Await.until(SOON, () -> "the stalled one fails", () -> failed.get() != null);
        assertThat(Status.fromThrowable(failed.get()).getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
        assertThat(Status.fromThrowable(failed.get()).getDescription()).contains("since event ");
    }

    // [utest->req~wire-subscription~1]
    @Test
    void subscriberStalledInTheSnapshot_failsWhenItCannotContinue() throws Exception {
        int models = 1_000;
        List<CompletableFuture<CommandResult>> answers = new ArrayList<>();
        for (int model = 0; model < models; model++) {
            String name = "m" + model + "x".repeat(240);
            answers.add(
                    rig.server.manager().submit(new Command.ModelChange(name, ModelState.RUNNING, "id", "test"), SOON));
        }
        for (CompletableFuture<CommandResult> answer : answers) {
            assertThat(answer.join()).isInstanceOf(CommandResult.Done.class);
        }
        ManagedChannel narrow = NettyChannelBuilder.forAddress("127.0.0.1", rig.server.port())
                .usePlaintext()
                .flowControlWindow(1 << 16)
                .build();
        try {
            CountDownLatch stalled = new CountDownLatch(1);
            AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
            List<StateChangeEvent> taken = stall(narrow, stalled, failed);
            Await.until(SOON, () -> "the first", () -> !taken.isEmpty());
            for (int fault = 0; fault <= 1 << 16; fault++) {
                rig.server.manager().feed().publishUnrecorded(id -> new Event.Fault(id, 1, "a fault"));
            }
            stalled.countDown();

            Await.until(SOON, () -> taken.size() + " are read", () -> failed.get() != null);
            assertThat(Status.fromThrowable(failed.get()).getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
            assertThat(taken)
                    .hasSizeLessThan(models)
                    .allSatisfy(event -> assertThat(event.getEventId()).isEmpty());
        } finally {
            narrow.shutdownNow();
        }
    }

    private static boolean isComplete(Map<String, Long> generations) {
        return generations.size() == MODELS && generations.values().stream().allMatch(last -> last == ROUNDS);
    }

    /** Returns the generation, which is the round. */
    private static int follow(Map<String, Long> generations, StateChangeEvent event) {
        long generation = Long.parseLong(event.getMetadataOrThrow("generation"));
        Long before = generations.put(event.getStateChange().getResourceName(), generation);
        if (before == null ? generation != 1 && !event.containsMetadata("snapshot") : generation != before + 1) {
            throw new AssertionError("after generation " + before + ": " + event);
        }
        return Math.toIntExact(generation);
    }

    /**
     * Reads one event, and the others only after the latch opens.
     *
     * @return the events that were read
     */
    private static List<StateChangeEvent> stall(
            Channel channel, CountDownLatch until, AtomicReference<@Nullable Throwable> failed) {
        List<StateChangeEvent> taken = new CopyOnWriteArrayList<>();
        StateManagerConnectionGrpc.newStub(channel)
                .subscribeToStateChanges(
                        request().build(),
                        new ClientResponseObserver<StateChangeSubscriptionRequest, StateChangeEvent>() {

                            private @Nullable ClientCallStreamObserver<StateChangeSubscriptionRequest> call;

                            @Override
                            public void beforeStart(ClientCallStreamObserver<StateChangeSubscriptionRequest> stream) {
                                call = stream;
                                stream.disableAutoRequestWithInitial(1);
                            }

                            @Override
                            public void onNext(StateChangeEvent event) {
                                taken.add(event);
                                Thread.ofVirtual().start(() -> {
                                    try {
                                        until.await();
                                        Objects.requireNonNull(call).request(1);
                                    } catch (InterruptedException e) {
                                        Thread.currentThread().interrupt();
                                    }
                                });
                            }

                            @Override
                            public void onError(Throwable failure) {
                                failed.set(failure);
                            }

                            @Override
                            public void onCompleted() {
                                failed.set(new AssertionError("completed"));
                            }
                        });
        return taken;
    }
}
