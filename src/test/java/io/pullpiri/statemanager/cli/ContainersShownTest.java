// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.Attributes;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyChannelBuilder.LocalSocketPicker;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.monitoringserver.SendContainerListResponse;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line and REST show containers that are neither plainly running nor dead. */
class ContainersShownTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path folder;

    private ServerRig rig;

    @BeforeEach
    void setUp() throws IOException {
        start();
    }

    private void start() throws IOException {
        rig = new ServerRig("sqlite:" + folder.resolve("states.db"), "off", Map.of());
    }

    @AfterEach
    void tearDown() {
        rig.close();
    }

    private String ask(String... args) {
        StringWriter out = new StringWriter();
        String[] all = Arrays.copyOf(args, args.length + 2);
        all[args.length] = "--server";
        all[args.length + 1] = "127.0.0.1:" + rig.server.port();
        assertThat(Main.run(new PrintWriter(out, true), new PrintWriter(out, true), all))
                .as(out.toString())
                .isZero();
        return out.toString();
    }

    private JsonNode rest(String path) throws IOException {
        URI uri = URI.create("http://127.0.0.1:" + rig.server.httpPort() + "/api/v1/" + path);
        try (InputStream in = uri.toURL().openStream()) {
            return MAPPER.readTree(in);
        }
    }

    private void report(ContainerInfo.Builder... containers) {
        ContainerList.Builder list = ContainerList.newBuilder().setNodeName("HPC");
        List.of(containers).forEach(list::addContainers);
        rig.client().sendChangedContainerList(list.build());
    }

    private static ContainerInfo.Builder container(String model, String state) {
        return ServerRig.container(model, state).toBuilder();
    }

    @Test
    void modelWithUnknownContainers_isNotCalledUnreportedAlsoAfterARestart() throws IOException {
        rig.apply(ServerRig.BRAKING);
        assertThat(ask("get", "packages")).contains("2 not reported");

        report(container("brake", "healthy"));

        for (int start = 0; start < 2; start++) {
            assertThat(ask("get", "packages"))
                    .contains("1 unknown, 1 not reported")
                    .containsPattern("brake has no state \\(reported by HPC at 2\\S+Z, its containers are unknown:"
                            + " container brake_main on HPC: status 'healthy', exit code '0'\\)");
            assertThat(ask("describe", "package", "braking"))
                    .containsPattern("model/brake  no state yet  reported by HPC at \\S+Z, its containers are unknown");
            JsonNode program = MAPPER.readTree(ask("get", "package", "braking", "-o", "json"));
            JsonNode detail = rest("packages/braking").get("resource");
            for (JsonNode either : List.of(program, detail)) {
                assertThat(either.path("modelsUnknown").asInt()).isEqualTo(1);
                assertThat(either.path("modelsNotReported").asInt()).isEqualTo(1);
                assertThat(either.path("cause").asText()).contains("brake has no state (reported by HPC at ");
            }
            rig.close();
            start();
        }
        report(container("brake", "running"), container("light", "exited:0"));
        assertThat(ask("get", "packages")).contains("1 exited, 1 running").doesNotContain("unknown", "reported");
        assertThat(rest("packages/braking").get("resource").has("modelsUnknown"))
                .isFalse();
    }

    @Test
    void podmanStatus_isShownWithTheState() throws IOException {
        rig.apply(ServerRig.BRAKING);
        report(container("brake", "running"), container("light", "running"));
        report(container("brake", "stopping"), container("light", "exited:2147483648"));

        assertThat(ask("describe", "package", "braking"))
                .contains("container brake_main on HPC: running (podman: stopping)\n")
                .contains("container light_main on HPC: dead, exit code 2147483648\n");
        assertThat(ask("get", "models")).contains("container brake_main on HPC: running (podman: stopping)");
        JsonNode program = MAPPER.readTree(ask("get", "model", "brake", "-o", "json"));
        assertThat(program.at("/containers/0/state").asText()).isEqualTo("Running");
        assertThat(program.at("/containers/0/podman").asText()).isEqualTo("stopping");
        assertThat(rest("models/brake").at("/resource/containers/0/podman").asText())
                .isEqualTo("stopping");
        assertThat(rest("models/light").at("/resource/containers/0/exitCode").asLong())
                .isEqualTo(2147483648L);
    }

    @Test
    void failedStart_isShownWithPodmansErrorAndItsCode() throws IOException {
        rig.apply(ServerRig.BRAKING);
        report(container("brake", "created:127").putState("Error", "crun: executable file `x` not found\nin $PATH"));

        String expected = "start failed with code 127: crun: executable file `x` not found in $PATH";
        assertThat(ask("describe", "package", "braking"))
                .contains("container brake_main on HPC: created, " + expected + "\n")
                .contains("brake running (container brake_main on HPC: created, " + expected + ")");
        JsonNode container = rest("models/brake").at("/resource/containers/0");
        assertThat(container.path("why").asText()).isEqualTo(expected);
        assertThat(container.path("exitCode").asInt()).isEqualTo(127);
    }

    @Test
    void exitCodeTooLongToQuote_isOmittedForPrograms() throws IOException {
        report(container("brake", "exited:" + "9".repeat(41)));
        JsonNode container = rest("models/brake").at("/resource/containers/0");
        assertThat(container.has("exitCode")).isFalse();
        assertThat(container.path("why").asText()).isEqualTo("exit code " + "9".repeat(40) + "…");
    }

    @Test
    void containerMatchedByName_isShownAsSuch() throws IOException {
        rig.apply(ServerRig.BRAKING);
        report(container("brake", "running").clearAnnotation(), container("light", "running"));
        assertThat(ask("describe", "package", "braking"))
                .contains("container brake_main on HPC: running, found by its name\n")
                .contains("container light_main on HPC: running\n");
        assertThat(rest("models/brake")
                        .at("/resource/containers/0/matchedByName")
                        .asBoolean())
                .isTrue();
        assertThat(rest("models/light").at("/resource/containers/0").has("matchedByName"))
                .isFalse();
    }

    private String metrics() throws IOException {
        URI uri = URI.create("http://127.0.0.1:" + rig.server.httpPort() + "/metrics");
        try (InputStream in = uri.toURL().openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void unmatchedContainers_areCountedAndListed() throws IOException {
        rig.apply(ServerRig.BRAKING);
        assertThat(metrics()).doesNotContain("statemanager_unmatched_containers{");
        report(
                container("brake", "running"),
                container("brke", "running"),
                container("stray", "running").clearAnnotation());

        assertThat(ask("describe", "node", "HPC"))
                .contains("3 containers, 2 unmatched")
                .contains("container brke_main: running, of model brke, which no package names\n")
                .contains("container stray_main: running, of no model\n")
                .contains("container brake_main: running, of model brake\n");
        assertThat(rest("nodes").at("/items/0/unmatched").asInt()).isEqualTo(2);
        JsonNode containers = rest("nodes/HPC").get("containers");
        assertThat(containers.findValuesAsText("name")).containsExactly("brake_main", "brke_main", "stray_main");
        assertThat(containers.get(0).has("unmatched")).isFalse();
        assertThat(containers.get(1).path("unmatched").asBoolean()).isTrue();
        assertThat(containers.get(2).path("unmatched").asBoolean()).isTrue();
        assertThat(metrics()).contains("statemanager_unmatched_containers{node=\"HPC\"} 2.0\n");
    }

    /** Reports one container of a model, over a connection from this address. */
    private void report(String address, String model) throws InterruptedException {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", rig.server.port())
                .usePlaintext()
                .localSocketPicker(new LocalSocketPicker() {
                    @Override
                    public SocketAddress createSocketAddress(SocketAddress server, Attributes attributes) {
                        return new InetSocketAddress(address, 0);
                    }
                })
                .build();
        try {
            ContainerList list = ContainerList.newBuilder()
                    .setNodeName("HPC")
                    .addContainers(container(model, "running"))
                    .build();
            SendContainerListResponse _ = StateManagerConnectionGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(20, TimeUnit.SECONDS)
                    .sendChangedContainerList(list);
        } finally {
            channel.shutdownNow();
            assertThat(channel.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    // [utest->req~lst-removed~1]
    @Test
    void deadContainerThatWasRemoved_isShownAsRemoved() throws IOException {
        rig.close();
        rig = new ServerRig(
                "sqlite:" + folder.resolve("states.db"), "off", Map.of(Setting.CONTAINER_VANISH_GRACE, "0s"));
        rig.apply(ServerRig.BRAKING);
        report(container("brake", "exited:3"), container("light", "running"));
        report(container("light", "running"));

        assertThat(ask("describe", "package", "braking"))
                .contains("container brake_main on HPC: dead, exit code 3, removed from its node\n");
        assertThat(ask("get", "models")).contains("container brake_main on HPC: exit code 3, removed");
        assertThat(rest("models/brake").at("/resource/containers/0/removed").asBoolean())
                .isTrue();
    }

    // [utest->req~nod-shared-name~1]
    @Test
    void twoAddressesUnderOneNodeName_raiseAWarning() throws IOException, InterruptedException {
        report("127.0.0.2", "brake");
        report("127.0.0.3", "light");
        assertThat(metrics()).contains("statemanager_nodes_sharing_a_name 0.0\n");
        assertThat(rest("nodes/HPC").get("resource").has("warning")).isFalse();

        report("127.0.0.2", "brake");

        String warning = "lists come in turn from 127.0.0.2 and 127.0.0.3, with different containers";
        assertThat(ask("get", "nodes")).contains(warning);
        assertThat(ask("describe", "node", "HPC")).contains("warning: " + warning);
        assertThat(MAPPER.readTree(ask("get", "node", "HPC", "-o", "json"))
                        .path("warning")
                        .asText())
                .startsWith(warning);
        assertThat(rest("nodes/HPC").at("/resource/warning").asText()).startsWith(warning);
        assertThat(metrics())
                .contains("statemanager_nodes_sharing_a_name 1.0\n")
                .contains("statemanager_node_name_turns_total 1.0\n");
    }
}
