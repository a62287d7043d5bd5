// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.container;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Recognizing the containers that podman runs for itself, under any name. */
class InfraContainersTest {

    /** The fields of podman's {@code State} and {@code Config} that NodeAgent sends, as recorded. */
    private static final Set<String> STATE = Set.of(
            "Dead",
            "Error",
            "ExitCode",
            "FinishedAt",
            "OOMKilled",
            "Paused",
            "Pid",
            "Restarting",
            "Running",
            "StartedAt",
            "Status");

    private static final Set<String> CONFIG = Set.of(
            "AttachStderr",
            "AttachStdin",
            "AttachStdout",
            "Domainname",
            "Hostname",
            "Image",
            "OpenStdin",
            "StdinOnce",
            "Tty",
            "User",
            "WorkingDir");

    private static List<JsonNode> inspected(String file) throws IOException {
        try (InputStream json = InfraContainersTest.class.getResourceAsStream("/podman/" + file + ".json")) {
            List<JsonNode> all = new ArrayList<>();
            new ObjectMapper().readTree(Objects.requireNonNull(json)).forEach(all::add);
            return all;
        }
    }

    /** Makes of {@code podman inspect} what NodeAgent sends: all as text, without IsInfra and IsService. */
    private static ContainerFacts sent(JsonNode inspected) {
        JsonNode config = inspected.path("Config");
        Map<String, String> annotations = texts(config.path("Annotations"));
        annotations.putAll(texts(config.path("Labels")));
        return new ContainerFacts(
                inspected.path("Id").asText(),
                inspected.path("Name").asText(),
                inspected.path("ImageName").asText(),
                only(STATE, texts(inspected.path("State"))),
                only(CONFIG, texts(config)),
                annotations);
    }

    /** Fails if a field that NodeAgent sends is missing. */
    private static Map<String, String> only(Set<String> fields, Map<String, String> texts) {
        assertThat(texts.keySet()).containsAll(fields);
        Map<String, String> sent = new TreeMap<>(texts);
        sent.keySet().retainAll(fields);
        return sent;
    }

    private static Map<String, String> texts(JsonNode object) {
        Map<String, String> texts = new TreeMap<>();
        object.properties().forEach(field -> {
            if (field.getValue().isValueNode()) {
                texts.put(field.getKey(), field.getValue().asText());
            }
        });
        return texts;
    }

    // [utest->req~con-infra~1]
    @ParameterizedTest
    @ValueSource(strings = {"podman-4", "podman-5", "podman-kube-play"})
    void podmansOwnContainers_areExactlyTheInfraOnes(String file) throws IOException {
        List<JsonNode> all = inspected(file);
        assertThat(all).hasSizeGreaterThan(3);
        for (JsonNode each : all) {
            boolean own =
                    each.path("IsInfra").asBoolean() || each.path("IsService").asBoolean();
            assertThat(InfraContainers.isInfra(sent(each)))
                    .as(each.path("Name").asText())
                    .isEqualTo(own);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"podman-4", "podman-5", "podman-kube-play"})
    void modelWhoseOnlyContainerExited_isExitedAlthoughItsPodRuns(String file) throws IOException {
        CascadeRig world = new CascadeRig();
        world.run(CascadeRig.apply(CascadeRig.packageYaml("p", "wiper")));
        world.run(new Command.NodeReport(
                "HPC", inspected(file).stream().map(InfraContainersTest::sent).toList()));
        assertThat(world.modelState("wiper")).isEqualTo("Exited");
        assertThat(world.packageState("p")).isEqualTo("Exited");
    }

    @ParameterizedTest
    @CsvSource({
        "0123456789ab-infra, true",
        "/0123456789ab-infra, true",
        "0123456789ab-service, true",
        "//0123456789ab-infra, false",
        "0123456789a-infra, false",
        "0123456789abc-infra, false",
        "0123456789ag-infra, false",
        "0123456789abc-service, false",
        "brake-infra, false",
        "brake-service, false",
        "0123456789ab-infra2, false",
    })
    void namesGivenByPodman_areInfra(String name, boolean infra) {
        assertThat(InfraContainers.isInfra(facts(name, "image"))).isEqualTo(infra);
    }

    @ParameterizedTest
    @CsvSource({
        "localhost/podman-pause:5.4.0, true",
        "localhost/podman-pause:5.4.0-1750143108, true",
        "podman-pause, true",
        "k8s.gcr.io/pause:3.5, true",
        "registry.k8s.io/pause, true",
        "registry.k8s.io/pause@sha256:0f0f, true",
        "registry.k8s.io/pause:3.9@sha256:0f0f, true",
        "registry.example:5000/a/b/pause:latest, true",
        "registry.example:5000/a/b/pause, true",
        "gcr.io/google_containers/pause-amd64:3.1, true",
        "docker.io/rancher/mirrored-pause:3.6, true",
        "docker.io/vehicle/pause-button:1, false",
        "docker.io/vehicle/unpause:1, false",
        "docker.io/pause/vehicle:1, false",
        "docker.io/vehicle/app:pause, false",
        "docker.io/vehicle/app@sha256:pause, false",
        "docker.io/vehicle/app@sha256:/pause, false",
        "'', false",
        "/, false",
        ":, false",
        "@, false",
    })
    void pauseImageOfAnyRegistryAndTag_isInfra(String image, boolean infra) {
        assertThat(InfraContainers.isInfra(facts("wiper_infra", image))).isEqualTo(infra);
        ContainerFacts configured = new ContainerFacts(
                "id", "wiper_infra", "0f0f", Map.of(), Map.of("Image", image), Map.of("model", "wiper"));
        assertThat(InfraContainers.isInfra(configured)).isEqualTo(infra);
    }

    @Test
    void containerWithoutImageInformation_isNotInfra() {
        assertThat(InfraContainers.isInfra(facts("wiper_main", ""))).isFalse();
    }

    @Test
    void infraContainers_countForNoModel() {
        CascadeRig world = new CascadeRig();
        world.run(CascadeRig.apply(CascadeRig.packageYaml("p", "m")));
        world.run(CascadeRig.report("n", "m/0123456789ab-infra=exited:1", "m/c=running"));
        assertThat(world.modelState("m")).isEqualTo("Running");
        assertThat(world.modelEntry("m").containers().get("n")).hasSize(1);
        assertThat(world.view.unmatched(world.node("n"))).isEmpty();
    }

    private static ContainerFacts facts(String name, String image) {
        return new ContainerFacts("id", name, image, Map.of(), Map.of(), Map.of());
    }
}
