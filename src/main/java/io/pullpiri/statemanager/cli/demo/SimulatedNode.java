// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli.demo;

import io.grpc.Channel;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.cli.Client;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A node of the demo's vehicle. It reports containers as a NodeAgent does, but runs none. */
final class SimulatedNode {

    /** The annotation that ActionController gives to every container that it starts. */
    private static final String MODEL = "io.pullpiri.annotations.model";

    private final String name;
    private final Channel channel;
    private final Map<String, ContainerInfo> containers = new LinkedHashMap<>();
    private final List<Long> answersNanos = new ArrayList<>();

    SimulatedNode(String name, Channel channel) {
        this.name = name;
        this.channel = channel;
    }

    String name() {
        return name;
    }

    boolean has(String model) {
        return containers.containsKey(model);
    }

    int size() {
        return containers.size();
    }

    /** Returns the times from a report with a change to its answer, in nanoseconds. */
    List<Long> answersNanos() {
        return answersNanos;
    }

    /**
     * Sets the status of the models' containers, one for each model, and reports it at once.
     *
     * @param status podman's status: {@code created}, {@code running}, {@code paused} or {@code exited}
     */
    void set(String status, int exitCode, List<String> models) {
        models.forEach(model -> containers.put(model, container(model, status, exitCode)));
        long start = System.nanoTime();
        report();
        answersNanos.add(System.nanoTime() - start);
    }

    /** Sends the container list, as a NodeAgent does each second. */
    void report() {
        var _ = Client.within(StateManagerConnectionGrpc.newBlockingStub(channel))
                .sendChangedContainerList(ContainerList.newBuilder()
                        .setNodeName(name)
                        .addAllContainers(containers.values())
                        .build());
    }

    private ContainerInfo container(String model, String status, int exitCode) {
        boolean running = status.equals("running");
        return ContainerInfo.newBuilder()
                .setId(Integer.toHexString(model.hashCode()))
                .addNames(model)
                .setImage("quay.io/example/" + model)
                .putState("Status", status)
                .putState("Running", Boolean.toString(running))
                .putState("Paused", Boolean.toString(status.equals("paused")))
                .putState("OOMKilled", Boolean.toString(exitCode == 137))
                .putState("Dead", "false")
                .putState("Pid", running ? "4711" : "0")
                .putState("ExitCode", Integer.toString(exitCode))
                .putConfig("Hostname", name)
                .putAnnotation(MODEL, model)
                .build();
    }
}
