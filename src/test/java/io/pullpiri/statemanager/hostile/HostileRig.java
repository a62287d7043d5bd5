// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.testing.Proc;
import io.pullpiri.statemanager.testing.Program;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The program, a well-behaved node, and connections for hostile clients. Whatever these clients do, the node's reports are
 * accepted, possibly late, and the program stays within its memory limit.
 */
@Tag("slow")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
abstract class HostileRig {

    /** The deadline of all waits. It is long, because the machine may be slow, and does not measure the server's speed. */
    static final Duration PATIENCE = Duration.ofMinutes(3);

    /** The usual heap, as much for the network, and the memory of the JVM itself. */
    private static final double MAX_MEGABYTES = 256 + 256 + 200;

    /** Much less than the longest of these tests takes, also on a slow machine. */
    private static final Duration LONGEST_SILENCE = Duration.ofMinutes(2);

    static final String REPORT =
            StateManagerConnectionGrpc.getSendChangedContainerListMethod().getFullMethodName();

    static final ListResourcesByStateRequest ALL_MODELS = ListResourcesByStateRequest.newBuilder()
            .setResourceType(ResourceType.RESOURCE_TYPE_MODEL)
            .build();

    @TempDir
    Path folder;

    Program server;
    ManagedChannel channel;
    private GoodNode good;
    private final List<ManagedChannel> channels = new ArrayList<>();
    final List<Closeable> connections = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        server = Program.serve(folder);
        channel = channel();
        apply("vehicle", "good", "filler");
        good = new GoodNode(server.port());
        awaitGood();
    }

    final ManagedChannel channel() {
        ManagedChannel opened = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
        channels.add(opened);
        return opened;
    }

    final RawConnection connect() throws IOException {
        RawConnection connection = new RawConnection(server.port());
        connections.add(connection);
        return connection;
    }

    final void closeConnections() throws IOException {
        for (Closeable connection : connections) {
            connection.close();
        }
    }

    final void awaitGood() {
        int before = good.accepted();
        Await.until(PATIENCE, () -> "reports of the good node are accepted", () -> good.accepted() > before + 5);
    }

    @AfterEach
    void theGoodNodeWasHeardAllTheTime() throws IOException {
        try (Program _ = server;
                GoodNode _ = good) {
            awaitGood();
            assertThat(good.failures()).isEmpty();
            assertThat(good.longestSilence()).isLessThan(LONGEST_SILENCE);
            assertThat(residentMegabytes()).isLessThan(MAX_MEGABYTES);
            assertThat(server.output()).doesNotContain("ERROR");
        } finally {
            channels.forEach(ManagedChannel::shutdownNow);
            closeConnections();
        }
    }

    final void apply(String name, String... models) {
        var _ = ArtifactsGrpc.newBlockingStub(channel)
                .withDeadlineAfter(PATIENCE)
                .apply(ApplyRequest.newBuilder()
                        .setYaml(CascadeRig.packageYaml(name, models))
                        .build());
    }

    /** Returns the peak of its resident memory. */
    private double residentMegabytes() {
        return Proc.number(server.process.pid(), "status", "VmHWM") / 1_000;
    }

    final StateManagerConnectionGrpc.StateManagerConnectionBlockingStub stub() {
        return StateManagerConnectionGrpc.newBlockingStub(channel).withDeadlineAfter(PATIENCE);
    }

    /** Returns a container as large as podman's. */
    static ContainerList list(String node, int containers) {
        ContainerList.Builder list = ContainerList.newBuilder().setNodeName(node);
        for (int i = 0; i < containers; i++) {
            ContainerInfo.Builder container = ContainerInfo.newBuilder()
                    .setId(node + "-" + i)
                    .addNames("model-" + node + "-" + i)
                    .setImage("localhost/image")
                    .putState("Status", "running");
            for (int entry = 0; entry < 20; entry++) {
                container.putConfig("k" + entry, "v");
            }
            list.addContainers(container);
        }
        return list.build();
    }

    /** Returns a list of a node that runs a model of a package. */
    static ContainerList real(String node) {
        return list(node, 1_000).toBuilder()
                .addContainers(ContainerInfo.newBuilder()
                        .setId("f")
                        .addNames("model-filler")
                        .putState("Status", "running"))
                .build();
    }

    /** Sends a list; returns null if it is stored. A list that is not stored in time is kept, and is sent again to learn its outcome. */
    final @Nullable String refusal(ContainerList list) {
        while (true) {
            try {
                var _ = stub().sendChangedContainerList(list);
                return null;
            } catch (StatusRuntimeException e) {
                String description = String.valueOf(e.getStatus().getDescription());
                boolean late = e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED
                        || description.startsWith("not durable yet");
                if (!late) {
                    return e.getMessage();
                }
            }
        }
    }

    final List<ResourceState> models() {
        return stub().withMaxInboundMessageSize(256 << 20)
                .listResourcesByState(ALL_MODELS)
                .getResourcesList();
    }
}
