// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.actioncontroller.ReconcileRequest;
import io.pullpiri.proto.statemanager.ResourceStateRequest;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc.StateManagerConnectionBlockingStub;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.net.Endpoint;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.sqlite.SqliteStore;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.Program;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as a process: signals, kills and a second start. */
@Tag("slow")
class ProgramTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    private ManagedChannel channel =
            NettyChannelBuilder.forTarget("127.0.0.1:1").build();

    @AfterEach
    void disconnect() {
        channel.shutdownNow();
    }

    private Program serve(String... options) throws IOException {
        Program program = Program.serve(folder, options);
        channel.shutdownNow();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", program.port())
                .usePlaintext()
                .build();
        return program;
    }

    private StateManagerConnectionBlockingStub client() {
        return StateManagerConnectionGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private String packageState() {
        return client().getResourceState(ResourceStateRequest.newBuilder()
                        .setResourceType(ResourceType.RESOURCE_TYPE_PACKAGE)
                        .setResourceName("braking")
                        .build())
                .getResourceState()
                .getCurrentState();
    }

    private void applyBraking() {
        var _ = ArtifactsGrpc.newBlockingStub(channel)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .apply(ApplyRequest.newBuilder().setYaml(ServerRig.BRAKING).build());
    }

    @Test
    void sigterm_drainsEndsWithZeroAndKeepsAcknowledgedChanges() throws Exception {
        AtomicInteger acknowledged = new AtomicInteger();
        try (Program program = serve()) {
            applyBraking();
            Thread reporter = Thread.ofVirtual().start(() -> {
                try {
                    for (int i = 1; ; i++) {
                        boolean dead = i % 2 == 0;
                        client().sendChangedContainerList(ServerRig.list(dead ? "exited:1" : "running", "running"));
                        acknowledged.set(i);
                    }
                } catch (StatusRuntimeException e) {
                    // The server has stopped. A change without an answer may be stored or not.
                }
            });
            Await.until(SOON, () -> "reports", () -> acknowledged.get() >= 20);
            // Not Process.destroy: it also closes the output.
            program.process.toHandle().destroy();

            assertThat(program.exitCode()).as(program.output()).isZero();
            assertThat(program.output())
                    .contains("faults: off, HTTP: port ")
                    .contains("stopping: finishing what is in progress");
            assertThat(reporter.join(SOON)).isTrue();
        }
        try (Program _ = serve()) {
            int last = acknowledged.get();
            long generation = client().getResourceState(ResourceStateRequest.newBuilder()
                            .setResourceType(ResourceType.RESOURCE_TYPE_PACKAGE)
                            .setResourceName("braking")
                            .build())
                    .getResourceState()
                    .getStateGeneration();
            // Idle is the first change, and every report is another. The report in flight may have been committed.
            assertThat(generation).isBetween(last + 1L, last + 2L);
        }
    }

    @Test
    void openReconcile_survivesKill9AndAnUnreachableActionController() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        String address = "127.0.0.1:" + port;
        try (Program program = serve("--action-controller", address)) {
            applyBraking();
            var _ = client().sendChangedContainerList(ServerRig.list("exited:1", "exited:1"));
            assertThat(packageState()).isEqualTo("Error");
            program.kill();
        }
        try (FakeActionController controller = FakeActionController.start(port);
                Program _ = serve("--action-controller", address, "--reconcile-resync", "1s")) {
            assertThat(packageState()).isEqualTo("Error");
            Await.until(SOON, () -> "the reconcile", () -> !controller.reconciles.isEmpty());
            assertThat(controller.reconciles)
                    .extracting(ReconcileRequest::getScenarioName)
                    .containsOnly("drive");

            var _ = client().sendChangedContainerList(ServerRig.list("running", "running"));
            assertThat(packageState()).isEqualTo("Running");
        }
    }

    @Test
    void secondServerOnTheSameFile_isRejected() throws Exception {
        try (Program _ = serve();
                Program second = Program.serve(folder)) {
            assertThat(second.exitCode()).isEqualTo(1);
            assertThat(second.output())
                    .contains("error: ")
                    .contains("states.db")
                    .doesNotContain("\tat ");
        }
    }

    // [utest->req~sto-format~1]
    @Test
    void storeOfANewerFormat_endsTheServerWithOne() throws Exception {
        Path file = folder.resolve("states.db");
        try (StateStore store = SqliteStore.open(file)) {
            var _ = store.put(Keys.FORMAT, "2");
        }
        try (Program program = Program.serve(folder)) {
            assertThat(program.exitCode()).as(program.output()).isEqualTo(1);
            assertThat(program.output())
                    .contains("error: the store's format, key /statemanager/format: '2' (expected: at most 1,")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void portInUse_isNamed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Program program = Program.serve(folder, "--port", Integer.toString(taken.getLocalPort()))) {
            assertThat(program.exitCode()).isEqualTo(1);
            assertThat(program.output())
                    .contains("error: ")
                    .contains(Integer.toString(taken.getLocalPort()))
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void artifacts_mayComeFromStandardInput() throws Exception {
        try (Program _ = serve();
                Program apply = Program.start(folder, "apply", "-f", "-", "--server", channel.authority())) {
            apply.standardInput(ServerRig.BRAKING);

            assertThat(apply.exitCode()).isZero();
            assertThat(apply.output()).isEqualTo("package/braking created\nscenario/drive created");
        }
    }

    @Test
    void watch_continuesWhenTheServerIsBack() throws Exception {
        String port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = Integer.toString(socket.getLocalPort());
        }
        Program first = serve("--port", port);
        applyBraking();
        try (Program watch =
                Program.start(folder, "watch", "packages", "-o", "json", "--server", "127.0.0.1:" + port)) {
            Await.until(SOON, watch::output, () -> watch.output().contains("\"state\":\"Idle\""));
            first.kill();
            Await.until(SOON, watch::output, () -> watch.output().contains("; trying again."));
            try (Program _ = serve("--port", port)) {
                var _ = client().sendChangedContainerList(ServerRig.list("running", "running"));
                Await.until(SOON, watch::output, () -> watch.output().contains("\"to\":\"Running\""));
                assertThat(watch.output().lines().filter(line -> line.startsWith("{")))
                        .as("started again only once")
                        .hasSize(2);
            }
        }
    }

    @Test
    void watchWithoutAReader_endsAlsoWithoutChanges() throws Exception {
        try (Program _ = serve()) {
            // A package and a scenario: head ends only when both are written.
            applyBraking();
            ProcessBuilder watch = Program.builder(folder, "watch", "--server", channel.authority());
            List<Process> pipe = ProcessBuilder.startPipeline(List.of(watch, new ProcessBuilder("head", "-2")));
            try {
                assertThat(pipe.getFirst().waitFor(SOON.toSeconds(), TimeUnit.SECONDS))
                        .isTrue();
                assertThat(pipe.getFirst().exitValue()).isZero();
            } finally {
                pipe.forEach(Process::destroyForcibly);
            }
        }
    }

    @Test
    void invalidAddressInTheEnvironment_isAUsageError() throws Exception {
        ProcessBuilder builder = Program.builder(folder, "get", "packages");
        builder.environment().put("STATEMANAGER_SERVER", "nonsense");
        try (Program get = Program.start(builder)) {
            assertThat(get.exitCode()).isEqualTo(2);
            assertThat(get.output())
                    .startsWith("error: STATEMANAGER_SERVER: 'nonsense' (expected: " + Endpoint.EXPECTED + ")");
        }
    }

    @Test
    void demoWithoutATerminal_printsPlainLinesAndLeavesNothing() throws Exception {
        try (Program demo = Program.start(folder, "demo", "--duration", "6s")) {
            assertThat(demo.exitCode()).as(demo.output()).isZero();
            assertThat(demo.output())
                    .doesNotContain("\u001b")
                    .contains("Running")
                    .contains("Degraded")
                    .contains("reconcile");
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left.map(Path::getFileName).map(Path::toString)).noneMatch(name -> name.contains("demo"));
        }
    }
}
