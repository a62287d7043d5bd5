package io.pullpiri.statemanager.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.proto.statemanager.OffloadingRequest;
import io.pullpiri.proto.statemanager.OffloadingResponse;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
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
