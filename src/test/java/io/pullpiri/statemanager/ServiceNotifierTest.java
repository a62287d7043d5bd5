// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.Program;
import io.pullpiri.statemanager.testing.UnixReceiver;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Messages as systemd gets them: datagrams on a real Unix socket. */
class ServiceNotifierTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final CompletableFuture<?> ALIVE = CompletableFuture.completedFuture(null);

    @TempDir
    private Path folder;

    private String socket() {
        return folder.resolve("notify").toString();
    }

    private static String receive(UnixReceiver receiver) {
        return new String(receiver.receive(), StandardCharsets.UTF_8);
    }

    /** Waits for a message and returns all messages up to it. */
    private static List<String> receiveUntil(UnixReceiver receiver, String last) {
        List<String> messages = new ArrayList<>();
        Await.until(SOON, () -> last + " after " + messages, () -> {
            String message = receive(receiver);
            if (!message.isEmpty()) {
                messages.add(message);
            }
            return message.equals(last);
        });
        return messages;
    }

    // [utest->req~wire-systemd~1]
    @Test
    void server_reportsThatItListensItsStatusAndItsStop() {
        try (UnixReceiver receiver = new UnixReceiver(socket());
                ServiceNotifier notifier = ServiceNotifier.start(Map.of("NOTIFY_SOCKET", socket()), () -> ALIVE)) {
            assertThat(receive(receiver)).isEqualTo("READY=1");
            notifier.status("etcd is away\nMAINPID=1 " + "x".repeat(10_000));
            assertThat(receive(receiver)).startsWith("STATUS=etcd is away").doesNotContain("\n");
            notifier.stopping();
            assertThat(receive(receiver)).isEqualTo("STOPPING=1");
            assertThat(receive(receiver)).as("there is no watchdog").isEmpty();
        }
    }

    // [utest->req~wire-systemd~1]
    @Test
    void watchdog_getsASignOfLifeInAThirdOfItsTime() {
        Map<String, String> environment = Map.of("NOTIFY_SOCKET", socket(), "WATCHDOG_USEC", "3000");
        try (UnixReceiver receiver = new UnixReceiver(socket());
                ServiceNotifier _ = ServiceNotifier.start(environment, () -> ALIVE)) {
            assertThat(receive(receiver)).isEqualTo("READY=1");
            for (int i = 0; i < 3; i++) {
                assertThat(receiveUntil(receiver, "WATCHDOG=1")).containsExactly("WATCHDOG=1");
            }
        }
    }

    // [utest->req~wire-systemd~1]
    @Test
    void stuckServer_sendsNoSignOfLife() {
        CompletableFuture<?> stuck = new CompletableFuture<>();
        try (UnixReceiver receiver = new UnixReceiver(socket());
                ServiceNotifier notifier = ServiceNotifier.start(Map.of("NOTIFY_SOCKET", socket()), () -> ALIVE)) {
            assertThat(receive(receiver)).isEqualTo("READY=1");
            notifier.check(() -> stuck);
            assertThat(receive(receiver)).as("no proof was due").isEqualTo("WATCHDOG=1");
            notifier.check(() -> ALIVE);
            assertThat(receive(receiver)).isEmpty();
            stuck.complete(null);
            notifier.check(() -> ALIVE);
            assertThat(receive(receiver)).isEqualTo("WATCHDOG=1");
        }
    }

    @Test
    void watchdogOfAnotherProcess_isIgnored() {
        String self = Long.toString(ProcessHandle.current().pid());
        assertThat(ServiceNotifier.watchdogMicros(Map.of("WATCHDOG_USEC", "5", "WATCHDOG_PID", self)))
                .isEqualTo(5);
        assertThat(ServiceNotifier.watchdogMicros(Map.of("WATCHDOG_USEC", "5", "WATCHDOG_PID", self + "1")))
                .isZero();
        assertThat(ServiceNotifier.watchdogMicros(Map.of("WATCHDOG_USEC", "soon")))
                .isZero();
    }

    @Test
    void abstractSocket_isUsed() {
        String name = "@statemanager-" + UUID.randomUUID();
        try (UnixReceiver receiver = new UnixReceiver(name);
                ServiceNotifier _ = ServiceNotifier.start(Map.of("NOTIFY_SOCKET", name), () -> ALIVE)) {
            assertThat(receive(receiver)).isEqualTo("READY=1");
        }
    }

    @Test
    void missingOrUnusableSocket_stopsNothing() {
        for (String name : List.of("", folder.resolve("absent").toString(), "/" + "x".repeat(200))) {
            ServiceNotifier notifier = ServiceNotifier.start(Map.of("NOTIFY_SOCKET", name), () -> ALIVE);
            notifier.status("ready");
            notifier.close();
            notifier.stopping();
        }
    }

    // [utest->req~wire-systemd~1]
    @Test
    void serve_reportsReadinessSignsOfLifeAndItsStop() throws Exception {
        ProcessBuilder builder = Program.serveBuilder(folder);
        builder.environment().put("NOTIFY_SOCKET", socket());
        builder.environment().put("WATCHDOG_USEC", "300000");
        try (UnixReceiver receiver = new UnixReceiver(socket());
                Program program = Program.start(builder)) {
            assertThat(receiveUntil(receiver, "READY=1")).containsExactly("READY=1");
            assertThat(receiveUntil(receiver, "STATUS=ready")).isNotEmpty();
            var _ = receiveUntil(receiver, "WATCHDOG=1");
            var _ = receiveUntil(receiver, "WATCHDOG=1");
            program.process.destroy();
            var _ = receiveUntil(receiver, "STOPPING=1");
            assertThat(program.exitCode()).isZero();
        }
    }
}
