// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static io.pullpiri.statemanager.cli.CommandRig.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cli.CommandRig.Run;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Without a store, the server's answers may be old, and the commands say so. */
@Tag("etcd")
class StoreAwayTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String OLD = "These are the last known states: the store cannot be read: etcd ";

    private EtcdServer etcd;

    @BeforeEach
    void setUp() {
        etcd = EtcdServer.start();
    }

    @AfterEach
    void tearDown() {
        etcd.resume();
        etcd.close();
    }

    private ServerRig server() throws IOException {
        return new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of(Setting.COMMIT_TIMEOUT, "500ms"));
    }

    @Test
    void answersDuringAnOutage_saysTheyMayBeOld() throws Exception {
        try (ServerRig rig = server()) {
            rig.awaitReady();
            rig.apply(ServerRig.BRAKING);
            assertThat(ask(rig, "get", "packages").err()).isEmpty();

            etcd.pause();
            Await.until(SOON, () -> "no store", () -> !rig.server.manager().isReady());

            assertThat(ask(rig, "get", "packages")).satisfies(run -> {
                assertThat(run.exitCode()).isZero();
                assertThat(run.out()).contains("braking   Idle").contains("2 not reported");
                assertThat(run.err()).startsWith(OLD);
            });
            assertThat(ask(rig, "describe", "package", "braking").err()).startsWith(OLD);
            assertThat(ask(rig, "wait", "package", "braking", "--for=idle")).satisfies(run -> {
                assertThat(run.exitCode()).isZero();
                assertThat(run.out()).isEqualTo("package/braking is Idle\n");
                assertThat(run.err()).startsWith(OLD);
            });
            assertThat(ask(rig, "wait", "package", "braking", "--for=error", "--timeout=200ms"))
                    .isEqualTo(new Run(
                            3,
                            "",
                            "error: package/braking was Idle after 200 ms, while the store is unavailable"
                                    + " (expected: error)\n"));
            assertThat(watch(rig)).startsWith(OLD).endsWith(". Changes follow when the store works again.\n");
        }
    }

    /** Returns the output before the first state. */
    private static String watch(ServerRig rig) {
        StringWriter err = new StringWriter();
        ClosingReader head = new ClosingReader(1);
        int exitCode = Main.run(
                new PrintWriter(head, true),
                new PrintWriter(err, true),
                "watch",
                "packages",
                "--server",
                "127.0.0.1:" + rig.server.port());
        assertThat(exitCode).isZero();
        return err.toString();
    }

    @Test
    void resourceNeverRead_isReportedAsUnknown() throws Exception {
        etcd.pause();
        try (ServerRig rig = server()) {
            assertThat(ask(rig, "wait", "package", "braking", "--for=idle", "--timeout=200ms"))
                    .isEqualTo(new Run(
                            3,
                            "",
                            "error: package/braking is not known after 200 ms, while the store is unavailable"
                                    + " (expected: idle)\n"));
            assertThat(ask(rig, "get", "packages").err()).contains("the store has not been read yet");
        }
    }
}
