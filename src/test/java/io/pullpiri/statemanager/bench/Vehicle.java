package io.pullpiri.statemanager.bench;

import static java.util.stream.Collectors.joining;

import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import java.util.ArrayList;
import java.util.List;

/**
 * A vehicle to measure: packages of so many models, one container a model. A model's container says {@code running} or
 * {@code exited} with code 1, and its package follows: running or degraded (error, if it has but one model).
 */
final class Vehicle {

    /** ActionController gives it to every container that it starts. */
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

    /** The artifact of a package, in as few characters as can be: an artifact may have 1 MiB. */
    static String shortArtifact(String packageName, List<String> models) {
        return models.stream()
                .map(model -> "{name: " + model + ", node: HPC}")
                .collect(joining(
                        ", ", "kind: Package\nmetadata: {name: " + packageName + "}\nspec: {models: [", "]}\n"));
    }

    /** The artifact of a package, as Pullpiri's look. */
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

    /** What podman's inspection says of a model's one container, in as many words as a NodeAgent sends. */
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
