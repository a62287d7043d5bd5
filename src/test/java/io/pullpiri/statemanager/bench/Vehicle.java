// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import static java.util.stream.Collectors.joining;

import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import java.util.ArrayList;
import java.util.List;

/**
 * A vehicle to measure: packages with a number of models, and one container for each model. A container is {@code running} or
 * {@code exited} with code 1, so its package is running or degraded (error if it has one model).
 */
final class Vehicle {

    /** The annotation that ActionController gives to every container that it starts. */
    private static final String MODEL = "io.pullpiri.annotations.model";

    private Vehicle() {}

    static String packageName(int index) {
        return "package-" + index;
    }

    static String modelName(int packageIndex, int index) {
        return "model-%d-%d".formatted(packageIndex, index);
    }

    static List<String> modelNames(int packageIndex, int models) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < models; i++) {
            names.add(modelName(packageIndex, i));
        }
        return names;
    }

    /** Returns a short artifact of a package, because an artifact may have at most 1 MiB. */
    static String shortArtifact(String packageName, List<String> models) {
        return models.stream()
                .map(model -> "{name: " + model + ", node: HPC}")
                .collect(joining(
                        ", ", "kind: Package\nmetadata: {name: " + packageName + "}\nspec: {models: [", "]}\n"));
    }

    /** Returns an artifact of a package that looks like Pullpiri's. */
    static String artifact(String packageName, List<String> models) {
        StringBuilder yaml = new StringBuilder("""
                apiVersion: v1
                kind: Package
                metadata:
                  label: null
                  name: %s
                spec:
                  pattern:
                    - type: plain
                  models:
                """.formatted(packageName));
        for (String model : models) {
            yaml.append("""
                        - name: %s
                          node: HPC
                          resources:
                            volume:
                            network:
                    """.formatted(model).indent(4));
        }
        return yaml.toString();
    }

    /** Returns podman's inspection of a model's one container, as large as a NodeAgent sends it. */
    static ContainerInfo container(String model, boolean running) {
        return ContainerInfo.newBuilder()
                .setId("%064x".formatted(model.hashCode()))
                .addNames("/" + model + "_main")
                .setImage("quay.io/example/" + model + ":1.0")
                .putState("Status", running ? "running" : "exited")
                .putState("Running", Boolean.toString(running))
                .putState("Paused", "false")
                .putState("Restarting", "false")
                .putState("OOMKilled", "false")
                .putState("Dead", "false")
                .putState("Pid", running ? "4711" : "0")
                .putState("ExitCode", running ? "0" : "1")
                .putState("Error", "")
                .putState("StartedAt", "2026-11-25T09:00:00.123456789+09:00")
                .putState("FinishedAt", "0001-01-01T00:00:00Z")
                .putConfig("Hostname", "HPC")
                .putConfig("Image", "quay.io/example/" + model + ":1.0")
                .putConfig("Cmd", "/usr/bin/main")
                .putConfig("WorkingDir", "/")
                .putAnnotation(MODEL, model)
                .putAnnotation("io.podman.annotations.pid", "4711")
                .putStats("CpuTotalUsage", "123456789")
                .putStats("MemoryUsage", "12345678")
                .build();
    }

    static ContainerList list(String node, List<ContainerInfo> containers) {
        return ContainerList.newBuilder()
                .setNodeName(node)
                .addAllContainers(containers)
                .build();
    }
}
