// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.DeleteRequest;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** Valid inputs for the fuzz targets, from which the fuzzer starts. */
final class FuzzSeeds {

    private static final String PACKAGE = CascadeRig.packageYaml("p", "m", "n");
    private static final String SCENARIO = CascadeRig.scenarioYaml("s", "p");
    private static final String MODEL = "kind: Model\nmetadata:\n  name: m";

    private FuzzSeeds() {}

    /** @param args a folder, in which a folder for each target is made */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        write(folder.resolve("YamlFuzz"), yaml());
        write(folder.resolve("StoreFuzz"), store());
        write(folder.resolve("MessagesFuzz"), messages());
    }

    private static void write(Path folder, List<byte[]> seeds) throws IOException {
        Files.createDirectories(folder);
        for (int i = 0; i < seeds.size(); i++) {
            Files.write(folder.resolve("seed-" + i), seeds.get(i));
        }
    }

    static List<byte[]> yaml() {
        String directives = "%YAML 1.1\n%TAG !car! tag:car.example,2026:\n---\n";
        String marked = "\uFEFF" + PACKAGE + "\n...\n\uFEFF" + directives + SCENARIO + "\n\uFEFF---\n" + MODEL;
        return List.of(
                bytes(PACKAGE), bytes(SCENARIO), bytes(PACKAGE + "\n---\n" + SCENARIO), bytes(marked), bytes("""
                apiVersion: v1
                kind: Package
                metadata:
                  label: null
                  name: p
                spec:
                  pattern:
                    - type: plain
                  models:
                    - &first
                      name: "m"
                      node: HPC
                      resources: {volume: , network: }
                    - *first
                """));
    }

    /** Returns the store's content while a package is running, and after it is dead. */
    static List<byte[]> store() {
        CascadeRig world = new CascadeRig();
        world.run(Command.ApplyArtifacts.parse(String.join("\n---\n", PACKAGE, SCENARIO, MODEL)));
        world.run(report("running"));
        byte[] well = stored(world);
        world.run(report("exited:139"));
        return List.of(well, stored(world));
    }

    private static Command report(String state) {
        return new Command.NodeReport("n", List.of(CascadeRig.container("m/m_a=" + state)));
    }

    static List<byte[]> messages() {
        byte[] list = ContainerList.newBuilder()
                .setNodeName("n")
                .addContainers(container("model-m", "running", "0"))
                .addContainers(container("n_a", "exited", "139"))
                .build()
                .toByteArray();
        byte[] change = StateChange.newBuilder()
                .setResourceType(ResourceType.RESOURCE_TYPE_MODEL)
                .setResourceName("m")
                .setTargetState("DEAD")
                .setTransitionId("t")
                .setTimestampNs(1)
                .setSource("s")
                .build()
                .toByteArray();
        byte[] step = StateChange.newBuilder()
                .setResourceType(ResourceType.RESOURCE_TYPE_SCENARIO)
                .setResourceName("s")
                .setCurrentState("idle")
                .setTargetState("waiting")
                .setTransitionId("t")
                .setTimestampNs(1)
                .setSource("s")
                .build()
                .toByteArray();
        byte[] apply = ApplyRequest.newBuilder()
                .setYaml(PACKAGE + "\n---\n" + SCENARIO)
                .build()
                .toByteArray();
        byte[] delete = DeleteRequest.newBuilder().setYaml(PACKAGE).build().toByteArray();
        return List.of(
                pieces(piece(2, apply), piece(0, list), piece(1, change), piece(1, step), piece(3, delete)),
                pieces(
                        piece(0, list),
                        piece(2, apply),
                        piece(
                                252,
                                ContainerList.newBuilder()
                                        .setNodeName("n")
                                        .build()
                                        .toByteArray())));
    }

    private static ContainerInfo container(String name, String status, String exitCode) {
        return ContainerInfo.newBuilder()
                .setId("0123456789abcdef")
                .addNames(name)
                .putState("Status", status)
                .putState("ExitCode", exitCode)
                .putAnnotation("io.pullpiri.annotations.model", "m")
                .build();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] stored(CascadeRig world) {
        return pieces(world.keys().stream()
                .map(key -> piece(StoreFuzz.kind(key), bytes(Objects.requireNonNull(world.value(key)))))
                .toArray(byte[][]::new));
    }

    private static byte[] piece(int kind, byte[] content) {
        ByteArrayOutputStream piece = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(piece)) {
            out.writeByte(kind);
            out.writeShort(content.length);
            out.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return piece.toByteArray();
    }

    private static byte[] pieces(byte[]... all) {
        ByteArrayOutputStream pieces = new ByteArrayOutputStream();
        for (byte[] piece : all) {
            pieces.writeBytes(piece);
        }
        return pieces.toByteArray();
    }
}
