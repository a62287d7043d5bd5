// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_MODEL;
import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_PACKAGE;
import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_SCENARIO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.actioncontroller.PodStatus;
import io.pullpiri.proto.schedinfo.v1.FaultInfo;
import io.pullpiri.proto.schedinfo.v1.FaultServiceGrpc;
import io.pullpiri.proto.schedinfo.v1.FaultType;
import io.pullpiri.proto.statemanager.ErrorCode;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ListResourcesByStateResponse;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateChangeResponse;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactResult;
import io.pullpiri.proto.statemanager.v1.DeleteRequest;
import io.pullpiri.proto.statemanager.v1.Outcome;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tasks of the specification through real gRPC, on the embedded store. */
class ServerTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    private FakeActionController controller;
    private ServerRig rig;

    @BeforeEach
    void setUp() throws IOException {
        controller = FakeActionController.start(0);
        rig = rig(controller.address());
    }

    private ServerRig rig(String actionController) throws IOException {
        return new ServerRig(
                "sqlite:" + folder.resolve("states.db"),
                actionController,
                Map.of(Setting.RECONCILE_RESYNC, "1s", Setting.RECONCILE_VIA, "reconcile"));
    }

    @AfterEach
    void tearDown() throws Exception {
        rig.close();
        controller.close();
    }

    // [utest->req~wire-reconcile~2]
    @Test
    void deadContainers_leadToAReconcileRequest() {
        rig.apply(ServerRig.BRAKING);
        assertThat(rig.packageState("braking")).isEqualTo("Idle");
        rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        assertThat(rig.packageState("braking")).isEqualTo("Running");
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));
        ResourceState degraded = rig.state(RESOURCE_TYPE_PACKAGE, "braking");
        assertThat(degraded.getCurrentState()).isEqualTo("Degraded");
        assertThat(degraded.getStateGeneration()).isEqualTo(3);
        assertThat(degraded.getMetadataMap())
                .containsEntry("cause", "1 of 2 models dead: brake dead (container brake_main on HPC: exit code 139)")
                .containsEntry("models", "2")
                .containsEntry("models.dead", "1")
                .containsEntry("models.running", "1")
                .containsEntry("scenarios", "drive")
                .doesNotContainKey("reconcile");
        assertThat(controller.reconciles).isEmpty();
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "exited:1"));
        assertThat(rig.packageState("braking")).isEqualTo("Error");
        Await.until(SOON, () -> "a call", () -> !controller.reconciles.isEmpty());
        assertThat(controller.reconciles.getFirst().getScenarioName()).isEqualTo("drive");
        assertThat(controller.reconciles.getFirst().getCurrent()).isEqualTo(PodStatus.FAILED);
        assertThat(controller.reconciles.getFirst().getDesired()).isEqualTo(PodStatus.RUNNING);
        rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        assertThat(rig.packageState("braking")).isEqualTo("Running");
    }

    @Test
    @Tag("slow")
    void reconcile_isRetriedWhileActionControllerRejectsOrIsUnreachable() throws Exception {
        controller.refusal = Status.INTERNAL.withDescription("FAILED is no good");
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("dead", "dead"));
        Await.until(
                SOON,
                () -> "the refusal is reported: " + rig.state(RESOURCE_TYPE_PACKAGE, "braking"),
                () -> rig.state(RESOURCE_TYPE_PACKAGE, "braking")
                        .getMetadataOrDefault("reconcile", "")
                        .contains("FAILED is no good"));
        int port = controller.port();
        controller.close();
        Await.until(
                SOON,
                () -> "the absence is reported: " + rig.state(RESOURCE_TYPE_PACKAGE, "braking"),
                () -> rig.state(RESOURCE_TYPE_PACKAGE, "braking")
                        .getMetadataOrDefault("reconcile", "")
                        .contains("ActionController at 127.0.0.1:" + port + " cannot be reached: Connection refused"));
        controller = FakeActionController.start(port);
        Await.until(SOON, () -> "asked again", () -> !controller.reconciles.isEmpty());
        controller.reconciles.clear();
        Await.until(
                SOON,
                () -> "an acknowledgement is not a recovery: asked again",
                () -> !controller.reconciles.isEmpty());
    }

    // [utest->req~rec-restart~1]
    @Test
    void deadPackage_isReportedAgainAfterARestart() throws Exception {
        rig.apply(ServerRig.BRAKING);
        controller.silent = true;
        rig.client().sendChangedContainerList(ServerRig.list("dead", "dead"));
        rig.close();
        controller.silent = false;
        controller.reconciles.clear();
        rig = rig(controller.address());
        Await.until(SOON, () -> "asked", () -> !controller.reconciles.isEmpty());
        assertThat(rig.packageState("braking")).isEqualTo("Error");
    }

    // [utest->req~scn-announcement~1]
    @Test
    void announcementsAndSteps_areAccepted() {
        StateChangeResponse announced = rig.client()
                .sendStateChange(ServerRig.change(RESOURCE_TYPE_SCENARIO, "drive", "idle")
                        .build());
        assertThat(announced.getErrorCode()).isEqualTo(ErrorCode.ERROR_CODE_SUCCESS);
        assertThat(announced.getTransitionId()).isEqualTo("id-1");
        StateChange step = ServerRig.change(RESOURCE_TYPE_SCENARIO, "drive", "SCENARIO_STATE_WAITING")
                .setCurrentState("idle")
                .setTransitionId("id-2")
                .build();
        assertThat(rig.client().sendStateChange(step).getErrorCode()).isEqualTo(ErrorCode.ERROR_CODE_SUCCESS);
        assertThat(rig.client().sendStateChange(step).getErrorCode())
                .as("a retry")
                .isEqualTo(ErrorCode.ERROR_CODE_SUCCESS);
        assertThat(rig.state(RESOURCE_TYPE_SCENARIO, "drive").getCurrentState()).isEqualTo("Waiting");
        assertThat(rig.state(RESOURCE_TYPE_SCENARIO, "drive").getStateGeneration())
                .isEqualTo(2);
    }

    // [utest->req~wire-artifacts~1]
    @Test
    void artifacts_areAppliedAndDeleted() {
        ApplyRequest request = ApplyRequest.newBuilder()
                .setYaml(ServerRig.BRAKING + "---\nkind: Model\nmetadata: {name: brake}\n---\nkind: Policy\n")
                .build();
        assertThat(rig.artifacts().apply(request).getResultsList())
                .extracting(ArtifactResult::getOutcome)
                .containsExactly(
                        Outcome.OUTCOME_CREATED,
                        Outcome.OUTCOME_CREATED,
                        Outcome.OUTCOME_CREATED,
                        Outcome.OUTCOME_PASSED_OVER);
        assertThat(rig.artifacts().apply(request).getResultsList())
                .extracting(ArtifactResult::getOutcome)
                .containsExactly(
                        Outcome.OUTCOME_UNCHANGED,
                        Outcome.OUTCOME_UNCHANGED,
                        Outcome.OUTCOME_UNCHANGED,
                        Outcome.OUTCOME_PASSED_OVER);
        DeleteRequest delete = DeleteRequest.newBuilder()
                .setYaml("kind: Package\nmetadata: {name: braking}\nspec: 7")
                .build();
        assertThat(rig.artifacts().delete(delete).getResults(0).getOutcome())
                .as("also with a document that is otherwise broken")
                .isEqualTo(Outcome.OUTCOME_DELETED);
        assertThat(rig.artifacts().delete(delete).getResults(0).getOutcome()).isEqualTo(Outcome.OUTCOME_NOT_FOUND);
        assertThat(rig.get(RESOURCE_TYPE_PACKAGE, "braking").getSuccess()).isFalse();
    }

    // [utest->req~wire-queries~1]
    @Test
    void listByState_acceptsAnySpelling() {
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("running", "dead"));
        ListResourcesByStateRequest.Builder request =
                ListResourcesByStateRequest.newBuilder().setResourceType(RESOURCE_TYPE_MODEL);
        assertThat(rig.client().listResourcesByState(request.build()).getResourcesList())
                .extracting(ResourceState::getResourceName)
                .containsExactly("brake", "light");
        for (String spelling : new String[] {"dead", "Dead", "MODEL_STATE_DEAD"}) {
            assertThat(rig.client()
                            .listResourcesByState(request.setState(spelling).build())
                            .getResourcesList())
                    .extracting(ResourceState::getResourceName)
                    .containsExactly("light");
        }
        ListResourcesByStateResponse limited = rig.client()
                .listResourcesByState(request.setState("").setLimit(1).build());
        assertThat(limited.getResourcesCount()).isEqualTo(1);
        assertThat(limited.getTotalCount()).as("before the limit").isEqualTo(2);
    }

    // [utest->req~wire-fault~1]
    @Test
    void fault_isCountedAndChangesNoState() {
        rig.apply(ServerRig.BRAKING);
        FaultInfo fault = FaultInfo.newBuilder()
                .setWorkloadId("braking")
                .setNodeId("HPC")
                .setTaskName("p1")
                .setType(FaultType.DMISS)
                .build();
        assertThat(rig.faults().notifyFault(fault).getStatus()).isZero();
        assertThat(rig.faults().notifyFault(fault).getStatus()).isZero();
        assertThat(rig.server.manager().anomalies().counts()).containsEntry("fault", 2L);
        assertThat(rig.packageState("braking")).isEqualTo("Idle");
    }

    // [utest->req~wire-fault~1]
    @Test
    void faultPort_isOpenOnLoopbackTooWhereTimpaniCallsIt() throws IOException {
        int port = freePort();
        try (ServerRig elsewhere = new ServerRig(
                "sqlite:" + folder.resolve("elsewhere.db"),
                "off",
                Map.of(Setting.HOST, "127.0.0.2", Setting.FAULT_PORT, Integer.toString(port)))) {
            for (String host : List.of("127.0.0.1", "127.0.0.2")) {
                ManagedChannel channel = NettyChannelBuilder.forAddress(host, port)
                        .usePlaintext()
                        .build();
                try {
                    var _ = FaultServiceGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(20, TimeUnit.SECONDS)
                            .notifyFault(FaultInfo.getDefaultInstance());
                } finally {
                    channel.shutdownNow();
                }
            }
            assertThat(elsewhere.server.manager().anomalies().counts()).containsEntry("fault", 2L);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void healthService_isServingOnceTheStoreWasRead() {
        HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(rig.channel());
        Await.until(
                SOON,
                () -> "serving",
                () -> health.check(HealthCheckRequest.getDefaultInstance()).getStatus() == ServingStatus.SERVING);
    }

    @Test
    void portInUse_isNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> new ServerRig(
                            "sqlite:" + folder.resolve("other.db"),
                            "off",
                            Map.of(Setting.PORT, Integer.toString(taken.getLocalPort()))))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
                    .hasMessageContaining("setting port");
        }
    }
}
