// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.StatusRuntimeException;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdAuth;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The dashboard reports an etcd that refuses StateManager because of missing credentials. */
@Tag("browser")
@Tag("etcd")
class DashboardStoreTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String NO_USER = "etcd refuses: user name is empty; StateManager has no user.";

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

    @ParameterizedTest
    @CsvSource({"en-US, 'States as of '", "ko-KR, '기준 상태입니다: '"})
    void refusalByTheStore_isShownWithTheReasonOfEtcdUntilItEnds(String language, String message) throws Exception {
        try (ServerRig rig = server();
                Browser browser = new Browser(language)) {
            Await.until(SOON, () -> "the store", () -> rig.server.manager().isReady());
            rig.apply(ServerRig.BRAKING);
            browser.open(rig.server.httpPort(), "/");
            browser.awaitCount(".connection.live", 1);
            assertThat(browser.count(".banner")).isZero();

            auth.enable();
            assertThat(catchThrowableOfType(
                            StatusRuntimeException.class,
                            () -> rig.client().sendChangedContainerList(ServerRig.list("running", "running"))))
                    .hasMessageContaining("it is kept");
            browser.awaitText(".banner", NO_USER);
            assertThat(browser.text(".banner")).contains(message);
            assertThat(browser.count(".connection.live")).isZero();
            browser.picture("store-refuses-" + language);

            auth.disable();
            browser.awaitCount(".connection.live", 1);
            assertThat(browser.count(".banner")).isZero();
            browser.awaitText(".row .state", language.startsWith("ko") ? "실행 중" : "Running");
        }
    }

    @Test
    void refusalByTheStoreAtTheStart_isShownWithTheReasonOfEtcdUntilItEnds() throws Exception {
        auth.enable();
        try (ServerRig rig = server();
                Browser browser = new Browser("en-US")) {
            browser.open(rig.server.httpPort(), "/");
            browser.awaitText(".banner", "The server cannot answer: ");
            browser.awaitText(".banner", NO_USER);

            auth.disable();
            browser.awaitCount(".connection.live", 1);
            assertThat(browser.count(".banner")).isZero();
        }
    }
}
