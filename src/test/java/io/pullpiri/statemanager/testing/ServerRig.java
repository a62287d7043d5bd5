// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.schedinfo.v1.FaultServiceGrpc;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceStateRequest;
import io.pullpiri.proto.statemanager.ResourceStateResponse;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc.StateManagerConnectionBlockingStub;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.StateManager;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.settings.Settings;
import io.pullpiri.statemanager.settings.SettingsLoader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A whole server on free ports, which is started as {@code serve} starts it, with a real client. */
public final class ServerRig implements AutoCloseable {

    public static final String BRAKING = """
            kind: Package
            metadata: {name: braking}
            spec: {models: [{name: brake}, {name: light}]}
            ---
            kind: Scenario
            metadata: {name: drive}
            spec: {action: launch, target: braking}
            """;

    public final StateManager server;
    private final ManagedChannel channel;
    private final ManagedChannel faultChannel;

    public ServerRig(String store, String actionController, Map<Setting, String> more) throws IOException {
        Map<Setting, String> options = new EnumMap<>(Setting.class);
        options.put(Setting.STORE, store);
        options.put(Setting.PORT, "0");
        options.put(Setting.FAULT_PORT, "0");
        options.put(Setting.HTTP_PORT, "0");
        options.put(Setting.ACTION_CONTROLLER, actionController);
        options.put(Setting.RECONCILE_DELAY, "0s");
        options.put(Setting.CONTAINER_VANISH_GRACE, "100ms");
        options.putAll(more);
        Settings settings = SettingsLoader.load(options, Map.of(), null, Path.of("/nowhere"));
        server = StateManager.start(settings);
        channel = channel(server.port());
        faultChannel = channel(server.faultPort());
    }

    private static ManagedChannel channel(int port) {
        return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    }

    public ManagedChannel channel() {
        return channel;
    }

    public StateManagerConnectionBlockingStub client() {
        return StateManagerConnectionGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    public ArtifactsGrpc.ArtifactsBlockingStub artifacts() {
        return ArtifactsGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    public FaultServiceGrpc.FaultServiceBlockingStub faults() {
        return FaultServiceGrpc.newBlockingStub(faultChannel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    public void apply(String yaml) {
        artifacts().apply(ApplyRequest.newBuilder().setYaml(yaml).build());
    }

    public ResourceState state(ResourceType type, String name) {
        return get(type, name).getResourceState();
    }

    public ResourceStateResponse get(ResourceType type, String name) {
        return client().getResourceState(ResourceStateRequest.newBuilder()
                .setResourceType(type)
                .setResourceName(name)
                .build());
    }

    public String packageState(String name) {
        return state(ResourceType.RESOURCE_TYPE_PACKAGE, name).getCurrentState();
    }

    public static StateChange.Builder change(ResourceType type, String name, String target) {
        return StateChange.newBuilder()
                .setResourceType(type)
                .setResourceName(name)
                .setTargetState(target)
                .setTransitionId("id-1")
                .setTimestampNs(1)
                .setSource("test");
    }

    /** Returns HPC's list as a NodeAgent sends it: a container of brake and one of light. */
    public static ContainerList list(String brake, String light) {
        return ContainerList.newBuilder()
                .setNodeName("HPC")
                .addContainers(container("brake", brake))
                .addContainers(container("light", light))
                .build();
    }

    public static ContainerInfo container(String model, String state) {
        String[] parts = state.split(":", -1);
        boolean running = parts[0].equals("running");
        return ContainerInfo.newBuilder()
                .setId("4f2a6c1e9b3d" + model)
                .addNames("/" + model + "_main")
                .setImage("quay.io/podman/hello:latest")
                .putState("Status", parts[0])
                .putState("Running", Boolean.toString(running))
                .putState("Paused", "false")
                .putState("OOMKilled", "false")
                .putState("Dead", "false")
                .putState("Pid", running ? "4711" : "0")
                .putState("ExitCode", parts.length > 1 ? parts[1] : "0")
                .putConfig("Hostname", "HPC")
                .putAnnotation("io.pullpiri.annotations.model", model)
                .build();
    }

    /** Waits until the server is ready. */
    public void awaitReady() {
        Await.until(
                Duration.ofSeconds(30), () -> "ready: " + server.manager().whyNotReady(), server.manager()::isReady);
    }

    @Override
    public void close() {
        channel.shutdownNow();
        faultChannel.shutdownNow();
        server.close();
    }
}
