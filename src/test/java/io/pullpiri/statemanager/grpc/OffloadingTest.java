// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.OffloadingRequest;
import io.pullpiri.proto.statemanager.OffloadingResponse;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.ServerRig;
import io.pullpiri.statemanager.view.OffloadRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TriggerOffloading through real gRPC, with an ActionController that answers when the test lets it. */
// [utest->req~wire-offloading~2]
class OffloadingTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private static final OffloadingRequest REQUEST = OffloadingRequest.newBuilder()
            .setScenarioName("drive")
            .setPackageName("braking")
            .setModelName("brake")
            .setSourceNode("HPC")
            .setTargetNode("rear")
            .setPolicyName("policy")
            .setReason("hot")
            .build();

    @TempDir
    Path folder;

    private FakeActionController controller;
    private ServerRig rig;

    @BeforeEach
    void setUp() throws IOException {
        controller = FakeActionController.start(0);
        rig = rig(Map.of());
    }

    private ServerRig rig(Map<Setting, String> more) throws IOException {
        return new ServerRig("sqlite:" + folder.resolve("states.db"), controller.address(), more);
    }

    @AfterEach
    void tearDown() {
        rig.close();
        controller.close();
    }

    @Test
    void offload_isForwardedWithAllFields() {
        controller.transitionId = "theirs";
        OffloadingResponse answer = rig.client().triggerOffloading(REQUEST);
        assertThat(answer.getAccepted()).isTrue();
        assertThat(answer.getMessage()).isEqualTo("moved");
        assertThat(answer.getTransitionId()).isEqualTo("theirs");
        assertThat(controller.offloads).singleElement().satisfies(sent -> {
            assertThat(sent.getScenarioName()).isEqualTo("drive");
            assertThat(sent.getPackageName()).isEqualTo("braking");
            assertThat(sent.getModelName()).isEqualTo("brake");
            assertThat(sent.getSourceNode()).isEqualTo("HPC");
            assertThat(sent.getTargetNode()).isEqualTo("rear");
            assertThat(sent.getPolicyName()).isEqualTo("policy");
            assertThat(sent.getReason()).isEqualTo("hot");
        });
    }

    @Test
    void transitionId_isMadeIfActionControllerGivesNone() {
        assertThat(rig.client().triggerOffloading(REQUEST).getTransitionId()).isNotEmpty();
    }

    @Test
    void callersDeadline_endsOnlyItsWait() {
        controller.holding = true;
        OffloadingResponse answer =
                rig.client().withDeadlineAfter(1, TimeUnit.SECONDS).triggerOffloading(REQUEST);
        assertThat(answer.getAccepted()).isTrue();
        assertThat(answer.getMessage()).isEqualTo("in progress");
        assertThat(answer.getTransitionId()).isNotEmpty();
        controller.release();
        assertThat(controller.cancelled).hasValue(0);
        assertThat(controller.offloads).hasSize(1);
    }

    @Test
    void cancellationByTheCaller_doesNotReachActionController() {
        controller.holding = true;
        Context.CancellableContext context = Context.current().withCancellation();
        ListenableFuture<OffloadingResponse> call = call(context);
        Await.until(SOON, () -> "the call", () -> !controller.offloads.isEmpty());
        context.cancel(null);
        assertThatThrownBy(call::get).hasCauseInstanceOf(StatusRuntimeException.class);
        // The server has handled the cancellation when it answers a later call on the same connection.
        assertThat(rig.packageState("braking")).isEmpty();
        controller.release();
        Await.until(SOON, () -> "the end of the call is recorded", () -> {
            OffloadRecord record = rig.server.manager().view().offload("brake");
            return record != null && !record.isOpen() && record.success();
        });
        assertThat(controller.cancelled).hasValue(0);
    }

    private ListenableFuture<OffloadingResponse> call(Context context) {
        Context previous = context.attach();
        try {
            return StateManagerConnectionGrpc.newFutureStub(rig.channel()).triggerOffloading(REQUEST);
        } finally {
            context.detach(previous);
        }
    }

    // [utest->req~off-record~2]
    @Test
    void secondRequestDuringACall_isNotAccepted() {
        controller.holding = true;
        ListenableFuture<OffloadingResponse> first = call(Context.current());
        Await.until(SOON, () -> "the call", () -> !controller.offloads.isEmpty());
        OffloadingResponse second = rig.client().triggerOffloading(REQUEST);
        assertThat(second.getAccepted()).isFalse();
        assertThat(second.getMessage())
                .startsWith("model_name: model brake from HPC to rear (policy policy: hot) is being offloaded");
        assertThat(second.getTransitionId()).isNotEmpty();
        controller.release();
        assertThat(Futures.getUnchecked(first).getAccepted()).isTrue();
        assertThat(controller.offloads).hasSize(1);
    }

    // [utest->req~off-restart~1]
    @Test
    void callThatIsOpenAtARestart_isEndedAndNotSentAgain() throws IOException {
        controller.holding = true;
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        ListenableFuture<OffloadingResponse> call = call(Context.current());
        Await.until(SOON, () -> "the call", () -> !controller.offloads.isEmpty());
        assertThat(rig.server.manager().view().isOffloading("brake")).isTrue();
        rig.close();
        assertThatThrownBy(call::get).isInstanceOf(ExecutionException.class);
        rig = rig(Map.of(Setting.OFFLOAD_SETTLE, "100ms"));
        rig.client().sendChangedContainerList(ServerRig.list("exited:137", "running"));
        Await.until(
                SOON,
                () -> "brake is lost: " + rig.packageState("braking"),
                () -> rig.packageState("braking").equals("Degraded"));
        assertThat(rig.state(ResourceType.RESOURCE_TYPE_MODEL, "brake").getMetadataMap())
                .containsEntry(
                        "cause",
                        "lost in offloading from HPC to rear: no node reports a running container of it; failed:"
                                + " StateManager was restarted during the call, and the answer is not known");
        assertThat(controller.offloads).hasSize(1);
    }

    // [utest->req~off-stop~1]
    @Test
    void packageStaysUp_whileItsModelMovesToASlowTarget() {
        controller.holding = true;
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        ListenableFuture<OffloadingResponse> call = call(Context.current());
        Await.until(SOON, () -> "the call", () -> !controller.offloads.isEmpty());
        rig.client().sendChangedContainerList(ServerRig.list("exited:137", "running"));
        assertThat(rig.state(ResourceType.RESOURCE_TYPE_MODEL, "brake").getCurrentState())
                .isEqualTo("Exited");
        assertThat(rig.packageState("braking")).isEqualTo("Running");
        rig.client()
                .sendChangedContainerList(ContainerList.newBuilder()
                        .setNodeName("rear")
                        .addContainers(ServerRig.container("brake", "running").toBuilder()
                                .setId("b7e1"))
                        .build());
        controller.release();
        assertThat(Futures.getUnchecked(call).getMessage()).isEqualTo("moved");
        assertThat(rig.state(ResourceType.RESOURCE_TYPE_MODEL, "brake").getCurrentState())
                .isEqualTo("Running");
        assertThat(controller.reconciles).isEmpty();
    }

    @Test
    void offloadThatActionControllerRefuses_isNotAccepted() {
        controller.refusal = Status.INTERNAL.withDescription("no room");
        OffloadingResponse answer = rig.client().triggerOffloading(REQUEST);
        assertThat(answer.getAccepted()).isFalse();
        assertThat(answer.getMessage())
                .isEqualTo("ActionController at " + controller.address() + ": INTERNAL, no room");
    }

    @Test
    void offloadWithoutAnAnswer_endsWithItsOwnDeadline() throws IOException {
        rig.close();
        rig = rig(Map.of(Setting.OFFLOAD_TIMEOUT, "300ms"));
        controller.holding = true;
        OffloadingResponse answer = rig.client().triggerOffloading(REQUEST);
        assertThat(answer.getAccepted()).isFalse();
        assertThat(answer.getMessage())
                .isEqualTo("ActionController at " + controller.address() + " did not answer within 0.3 s");
    }
}
