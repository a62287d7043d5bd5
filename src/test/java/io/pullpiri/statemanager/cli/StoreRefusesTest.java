// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.pullpiri.proto.statemanager.ErrorCode;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateChangeResponse;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.etcd.EtcdStore;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdAuth;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An operator switches etcd's authentication on and off while a server without a user runs. */
@Tag("etcd")
@Timeout(120)
class StoreRefusesTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String NO_USER = "etcd refuses: user name is empty; StateManager has no user";

    private EtcdServer etcd;
    private EtcdAuth auth;

    @BeforeEach
    void setUp() {
        etcd = EtcdServer.start();
        auth = new EtcdAuth(etcd.endpoint());
    }

    @AfterEach
    void tearDown() {
        auth.close();
        etcd.close();
    }

    private ServerRig server() throws IOException {
        return new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of(Setting.COMMIT_TIMEOUT, "500ms"));
    }

    private static Status report(ServerRig rig, String brake, String light) {
        try {
            var _ = rig.client().sendChangedContainerList(ServerRig.list(brake, light));
            return Status.OK;
        } catch (StatusRuntimeException e) {
            return e.getStatus();
        }
    }

    private String stored(String key) {
        try (StateStore store = EtcdStore.open(List.of(etcd.endpoint()), SOON)) {
            return store.get(key).orElseThrow().value();
        }
    }

    private static ServingStatus health(ServerRig rig) {
        return HealthGrpc.newBlockingStub(rig.channel())
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus();
    }

    private static HttpResponse<String> httpHealth(ServerRig rig) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + rig.server.httpPort() + "/health");
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
        }
    }

    // [utest->req~sto-refusal~1]
    @Test
    void reportDuringAuthentication_isKeptAndStoredAfterwards() throws Exception {
        try (ServerRig rig = server()) {
            rig.awaitReady();
            rig.apply(ServerRig.BRAKING);
            assertThat(report(rig, "running", "running").isOk()).isTrue();

            auth.enable();
            Status refused = report(rig, "running", "exited:139");
            assertThat(refused.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(refused.getDescription()).contains(NO_USER).contains("it is kept");
            StateChangeResponse change = rig.client()
                    .sendStateChange(ServerRig.change(ResourceType.RESOURCE_TYPE_MODEL, "brake", "PAUSED")
                            .build());
            assertThat(change.getErrorCode()).isEqualTo(ErrorCode.ERROR_CODE_RESOURCE_UNAVAILABLE);
            assertThat(change.getErrorDetails()).contains(NO_USER);
            assertThat(rig.server.manager().whyNotReady()).contains(NO_USER);
            assertThat(health(rig)).isEqualTo(ServingStatus.NOT_SERVING);
            assertThat(httpHealth(rig).statusCode()).isEqualTo(503);
            assertThat(httpHealth(rig).body()).contains(NO_USER);
            assertThat(getPackages(rig))
                    .startsWith("These are the last known states: ")
                    .contains(NO_USER);

            auth.disable();
            Await.until(
                    SOON, () -> "degraded", () -> rig.packageState("braking").equals("Degraded"));
            rig.awaitReady();
            assertThat(stored(Keys.modelState("light"))).isEqualTo("Dead");
            assertThat(stored(Keys.packageState("braking"))).isEqualTo("Degraded");
            assertThat(httpHealth(rig).statusCode()).isEqualTo(200);
            assertThat(getPackages(rig)).isEmpty();
        }
    }

    /** Returns the standard error of {@code get packages}. */
    private static String getPackages(ServerRig rig) {
        CommandRig.Run run = CommandRig.ask(rig, "get", "packages");
        assertThat(run.exitCode()).isZero();
        return run.err();
    }

    @Test
    void foreignChangeDuringAuthentication_isSeenAfterwards() throws Exception {
        try (ServerRig rig = server()) {
            rig.awaitReady();
            rig.apply(ServerRig.BRAKING);
            assertThat(report(rig, "running", "running").isOk()).isTrue();
            auth.enable();
            Await.until(SOON, () -> "not ready", () -> !rig.server.manager().isReady());
            auth.put(Keys.modelState("brake"), "Dead");
            auth.disable();
            Await.until(
                    SOON, () -> "degraded", () -> rig.packageState("braking").equals("Degraded"));
            rig.awaitReady();
        }
    }

    @Test
    void startWhileAuthenticationIsEnabled_isNotReadyAndContinuesAfterwards() throws Exception {
        auth.enable();
        try (ServerRig rig = server()) {
            Await.until(
                    SOON,
                    () -> "a reason",
                    () -> rig.server.manager().whyNotReady().contains(NO_USER));
            assertThat(health(rig)).isEqualTo(ServingStatus.NOT_SERVING);
            StatusRuntimeException unread =
                    catchThrowableOfType(StatusRuntimeException.class, () -> rig.packageState("braking"));
            assertThat(unread).hasMessageContaining("has not been read yet").hasMessageContaining(NO_USER);
            assertThat(report(rig, "running", "exited:139").getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            auth.disable();
            rig.awaitReady();
            Await.until(
                    SOON,
                    () -> "the report",
                    () -> rig.get(ResourceType.RESOURCE_TYPE_MODEL, "light")
                            .getResourceState()
                            .getCurrentState()
                            .equals("Dead"));
        }
    }

    @Test
    void userAndRoleChangesDuringTraffic_loseNoReport() throws Exception {
        try (ServerRig rig = server()) {
            rig.awaitReady();
            rig.apply(ServerRig.BRAKING);
            for (int i = 0; i < 6; i++) {
                switch (i % 3) {
                    case 0 -> auth.addUser("user-" + i);
                    case 1 -> auth.enable();
                    default -> auth.changeRoles("role-" + i);
                }
                boolean crashed = i % 2 == 0;
                Status answer = report(rig, "running", crashed ? "exited:139" : "running");
                assertThat(answer.getCode()).isIn(Status.Code.OK, Status.Code.UNAVAILABLE);
                auth.disable();
                String expected = crashed ? "Degraded" : "Running";
                Await.until(
                        SOON,
                        () -> "%s, but %s".formatted(expected, rig.packageState("braking")),
                        () -> rig.packageState("braking").equals(expected));
                assertThat(stored(Keys.packageState("braking"))).isEqualTo(expected);
            }
        }
    }
}
