// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.ServerRig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TracesTest {

    private static final Duration SOON = Duration.ofSeconds(15);

    @TempDir
    private Path folder;

    @Test
    void collector_receivesBatchesWithTheirCauses() throws Exception {
        Queue<String> received = new ConcurrentLinkedQueue<>();
        HttpServer collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/v1/traces", exchange -> {
            // The message contains names and attributes as plain text.
            received.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        try (FakeActionController controller = FakeActionController.start(0);
                ServerRig rig = rig(
                        controller.address(),
                        "http://127.0.0.1:" + collector.getAddress().getPort())) {
            rig.apply(ServerRig.BRAKING);
            rig.client().sendChangedContainerList(ServerRig.list("exited:139", "exited:1"));
            for (String expected : new String[] {
                "apply artifacts",
                "container list",
                "node HPC",
                "decide",
                "commit",
                "package braking: Idle -> Error",
                "exit code 1",
                "package braking, scenario drive"
            }) {
                Await.until(SOON, () -> expected, () -> received.stream().anyMatch(text -> text.contains(expected)));
            }
        } finally {
            collector.stop(0);
        }
    }

    @Tag("slow")
    @Test
    void unreachableCollector_delaysNothing() throws Exception {
        try (ServerRig rig = rig("off", "http://127.0.0.1:1")) {
            rig.apply(ServerRig.BRAKING);
            rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));
            assertThat(rig.packageState("braking")).isEqualTo("Degraded");
        }
    }

    private ServerRig rig(String controller, String endpoint) throws Exception {
        return new ServerRig(
                "sqlite:" + folder.resolve("states.db"), controller, Map.of(Setting.TRACING_ENDPOINT, endpoint));
    }
}
