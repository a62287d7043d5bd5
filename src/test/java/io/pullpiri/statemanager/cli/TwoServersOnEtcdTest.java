// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Repeats {@code TwoServersTest} with whole servers on a real etcd. */
@Timeout(120)
@Tag("etcd")
class TwoServersOnEtcdTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    private static ServerRig server(EtcdServer etcd) throws IOException {
        ServerRig rig = new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of());
        rig.awaitReady();
        return rig;
    }

    private static Status report(ServerRig rig, String light) {
        try {
            var _ = rig.client().sendChangedContainerList(ServerRig.list("running", light));
            return Status.OK;
        } catch (StatusRuntimeException e) {
            return e.getStatus();
        }
    }

    @Test
    void newestStart_ownsTheStoreUntilItEnds() throws Exception {
        try (EtcdServer etcd = EtcdServer.start();
                ServerRig first = server(etcd)) {
            first.apply(ServerRig.BRAKING);
            assertThat(report(first, "running").isOk()).isTrue();
            try (ServerRig second = server(etcd)) {
                Await.until(
                        SOON,
                        () -> "the first gives way",
                        () -> first.server.manager().whyNotReady().contains("another StateManager (host "));
                for (int i = 0; i < 20; i++) {
                    assertThat(report(second, i % 2 == 0 ? "exited:139" : "running"))
                            .isEqualTo(Status.OK);
                    Status refused = report(first, "paused");
                    assertThat(refused.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
                    assertThat(refused.getDescription()).contains("another StateManager (host ");
                    assertThat(second.server.manager().isReady()).isTrue();
                }
                assertThat(second.packageState("braking")).isEqualTo("Running");
            }
            first.awaitReady();
            assertThat(first.packageState("braking")).isEqualTo("Running");
            assertThat(report(first, "exited:139").isOk()).isTrue();
            assertThat(first.packageState("braking")).isEqualTo("Degraded");
        }
    }
}
