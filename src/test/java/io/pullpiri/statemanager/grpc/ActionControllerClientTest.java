// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.pullpiri.statemanager.manager.ActionController.ReconcileResult;
import io.pullpiri.statemanager.testing.FakeActionController;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests the client of ActionController on a real gRPC server. */
class ActionControllerClientTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    /** gRPC waits for a second and more after a failed attempt to connect, and refuses all calls meanwhile. */
    // [utest->req~wire-action-controller-away~1]
    @Test
    void firstCallAfterActionControllerIsBack_isAnswered() throws IOException {
        int port;
        try (FakeActionController before = FakeActionController.start(0)) {
            port = before.port();
        }
        try (ActionControllerClient client = new ActionControllerClient("127.0.0.1:" + port, "FAILED")) {
            for (int call = 0; call < 5; call++) {
                assertThatThrownBy(() -> client.reconcile("drive", TIMEOUT).join())
                        .hasMessageContaining("cannot be reached: Connection refused");
            }
            try (FakeActionController back = FakeActionController.start(port)) {
                assertThat(client.reconcile("drive", TIMEOUT).join().accepted()).isTrue();
                assertThat(back.reconciles).hasSize(1);
            }
        }
    }

    // [utest->req~wire-reconcile~2]
    @ParameterizedTest
    @EnumSource(
            value = Status.Code.class,
            names = {"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN"})
    void outage_isNoReply(Status.Code code) throws IOException {
        try (FakeActionController controller = FakeActionController.start(0);
                ActionControllerClient client = new ActionControllerClient(controller.address(), "FAILED")) {
            controller.refusal = code.toStatus().withDescription("later");
            assertThatThrownBy(() -> client.reconcile("drive", TIMEOUT).join())
                    .isInstanceOf(CompletionException.class)
                    .cause()
                    .hasMessageContaining("ActionController at " + controller.address());
        }
    }

    // [utest->req~wire-reconcile~2]
    @ParameterizedTest
    @EnumSource(
            value = Status.Code.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"OK", "UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN"})
    void everyOtherError_isARefusal(Status.Code code) throws IOException {
        try (FakeActionController controller = FakeActionController.start(0);
                ActionControllerClient client = new ActionControllerClient(controller.address(), "FAILED")) {
            controller.refusal = code.toStatus().withDescription("never");
            ReconcileResult reply = client.reconcile("drive", TIMEOUT).join();
            assertThat(reply.accepted()).isFalse();
            assertThat(reply.message())
                    .isEqualTo("ActionController at " + controller.address() + ": " + code + ", never");
        }
    }

    /** Without an ActionController there is nothing that could refuse. */
    @Test
    void withoutActionController_everyCallFindsAnOutage() {
        try (ActionControllerClient client = new ActionControllerClient(null, "FAILED")) {
            assertThatThrownBy(() -> client.reconcile("drive", TIMEOUT).join())
                    .hasMessageContaining("no ActionController is configured");
        }
    }
}
