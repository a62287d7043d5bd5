// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_PACKAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.proto.actioncontroller.OffloadModelRequest;
import io.pullpiri.proto.statemanager.v1.PackagesGrpc;
import io.pullpiri.proto.statemanager.v1.ReconcilePackageRequest;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.ServerRig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests restarts in place in a real server, with an ActionController that refuses Reconcile as Pullpiri's does. */
class RestartInPlaceTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    private static String reconcile(ServerRig rig, String name) {
        return PackagesGrpc.newBlockingStub(rig.channel())
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .reconcilePackage(
                        ReconcilePackageRequest.newBuilder().setName(name).build())
                .getMessage();
    }

    // [utest->req~rec-restart-in-place~1]
    // [utest->req~wire-packages~1]
    @Test
    void refusedReconcile_leadsToOffloadModelOnTheSameNode() throws Exception {
        try (FakeActionController controller = FakeActionController.start(0);
                ServerRig rig = new ServerRig(
                        "sqlite:" + folder.resolve("states.db"),
                        controller.address(),
                        Map.of(Setting.RECONCILE_RESYNC, "1s"))) {
            controller.reconcileRefusal = Status.INTERNAL.withDescription("FAILED is no good");
            rig.apply(ServerRig.BRAKING);
            rig.client().sendChangedContainerList(ServerRig.list("exited:139", "exited:1"));
            Await.until(
                    SOON,
                    () -> "a restart: " + rig.state(RESOURCE_TYPE_PACKAGE, "braking"),
                    () -> controller.offloads.size() == 2);
            assertThat(controller.offloads)
                    .extracting(OffloadModelRequest::getModelName)
                    .containsExactlyInAnyOrder("brake", "light");
            for (OffloadModelRequest request : controller.offloads) {
                assertThat(request.getSourceNode()).isEqualTo("HPC").isEqualTo(request.getTargetNode());
                assertThat(request.getPackageName()).isEqualTo("braking");
                assertThat(request.getScenarioName()).isEqualTo("drive");
            }
            assertThat(controller.reconciles).as("held after the refusal").hasSize(1);
            Await.until(
                    SOON,
                    () -> "progress",
                    () -> rig.state(RESOURCE_TYPE_PACKAGE, "braking")
                            .getMetadataOrThrow("reconcile")
                            .contains("model brake: 1 of 5 restarts in place, the last one done"));
            assertThat(reconcile(rig, "braking")).isEqualTo("package braking is reconciled from the beginning");
            Await.until(SOON, () -> "Reconcile again", () -> controller.reconciles.size() == 2);
            rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
            assertThat(rig.packageState("braking")).isEqualTo("Running");
            assertThatThrownBy(() -> reconcile(rig, "braking"))
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasMessage("FAILED_PRECONDITION: package braking is not dead, so nothing is requested");
            assertThatThrownBy(() -> reconcile(rig, "none")).hasMessage("NOT_FOUND: package none is not known");
            assertThatThrownBy(() -> reconcile(rig, "a/b")).hasMessageStartingWith("INVALID_ARGUMENT: name: ");
        }
    }
}
