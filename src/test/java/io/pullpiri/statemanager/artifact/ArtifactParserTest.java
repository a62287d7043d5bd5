// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.artifact.PackageArtifact.ModelRef;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArtifactParserTest {

    static final List<String> REAL = List.of(
            "rain-wiper.yaml",
            "rain-wiper-without-condition.yaml",
            "rain-wiper-with-policy.yaml",
            "lane-keeping-schedule.yaml");

    @ParameterizedTest
    @CsvSource({"rain-wiper.yaml, update, body-zone", "rain-wiper-without-condition.yaml, launch, HPC"})
    void oneFile_holdsScenarioPackageAndModel(String file, String action, String node) throws Exception {
        List<Artifact> artifacts = ArtifactParser.parseAll(real(file));

        List<String> documents = List.of(real(file).split("---\n"));
        assertThat(artifacts)
                .containsExactly(
                        new ScenarioArtifact("rain-wiper", action, "rain-wiper", documents.get(0)),
                        new PackageArtifact("rain-wiper", List.of(new ModelRef("rain-wiper", node)), documents.get(1)),
                        new ModelArtifact("rain-wiper", documents.get(2)));
    }

    @Test
    void policy_isIgnored() throws Exception {
        List<Artifact> artifacts = ArtifactParser.parseAll(real("rain-wiper-with-policy.yaml"));

        assertThat(artifacts).extracting(Artifact::kind).containsExactly("Scenario", "Package", "Policy", "Model");
        assertThat(artifacts.get(2)).isInstanceOfSatisfying(OtherArtifact.class, policy -> {
            assertThat(policy.name()).isEqualTo("move-when-busy");
            assertThat(policy.yaml())
                    .startsWith("apiVersion: v1\nkind: Policy\n")
                    .endsWith("        cpu: 85\n");
        });
    }

    @Test
    void packageArtifact_keepsTheOrderOfItsModelsAndIgnoresTheSchedule() throws Exception {
        List<Artifact> artifacts = ArtifactParser.parseAll(real("lane-keeping-schedule.yaml"));

        assertThat(artifacts)
                .extracting(Artifact::kind, Artifact::name)
                .hasToString("[(\"Schedule\", \"lane_keeping_tasks\"), (\"Scenario\", \"lane_keeping\"),"
                        + " (\"Package\", \"lane_keeping\"), (\"Model\", \"edge_detect\"),"
                        + " (\"Model\", \"path_fit\"), (\"Model\", \"steer_assist\")]");
        assertThat(artifacts.get(0).yaml()).startsWith("# Real-time tasks");
        assertThat(artifacts.get(1))
                .isInstanceOfSatisfying(
                        ScenarioArtifact.class,
                        scenario -> assertThat(scenario.target()).isEqualTo("lane_keeping"));
        assertThat(artifacts.get(2))
                .isInstanceOfSatisfying(
                        PackageArtifact.class,
                        it -> assertThat(it.models())
                                .containsExactly(
                                        new ModelRef("edge_detect", "HPC"),
                                        new ModelRef("path_fit", "HPC"),
                                        new ModelRef("steer_assist", "chassis-zone")));
    }

    @Test
    void documentTexts_coverTheWholeFileExceptTheMarkers() throws Exception {
        for (String file : REAL) {
            List<String> documents = ArtifactParser.parseAll(real(file)).stream()
                    .map(Artifact::yaml)
                    .toList();
            assertThat(String.join("---\n", documents)).isEqualTo(real(file).replaceFirst("^---\n", ""));
        }
    }

    @Test
    void documentsAfterSupplementaryCharacters_areSplitCorrectly() throws Exception {
        String first = "# 🚗🚗🚗\nkind: Model\nmetadata: {name: 🚗}\n";
        String second = "--- # 🚗\nkind: Model\nmetadata: {name: b}\n...\n";
        String third = "--- !!map\n  kind: Model\n  metadata: {name: c}\n";

        assertThat(ArtifactParser.parseAll(first + second + third))
                .containsExactly(
                        new ModelArtifact("🚗", first), new ModelArtifact("b", second), new ModelArtifact("c", third));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "# nothing\n", "---\n", "null", "~"})
    void emptyDocuments_areSkipped(String text) throws Exception {
        assertThat(ArtifactParser.parseAll(text)).isEmpty();
        assertThatThrownBy(() -> ArtifactParser.parse(text))
                .isInstanceOf(BrokenArtifactException.class)
                .hasMessage("is empty (expected: one YAML document)");
    }

    @Test
    void fileOfEmptyDocuments_hasNoArtifacts() throws Exception {
        assertThat(ArtifactParser.parseAll("---\n---\n# nothing\n---\nnull\n")).isEmpty();
    }

    @Test
    void storedValue_isOneDocument() throws Exception {
        String stored = "kind: Model\nmetadata: {name: a}\n";

        assertThat(ArtifactParser.parse(stored)).isEqualTo(new ModelArtifact("a", stored));
        assertThatThrownBy(() -> ArtifactParser.parse(stored + "---\n" + stored))
                .isInstanceOf(BrokenArtifactException.class)
                .hasMessageStartingWith("invalid YAML: line 3, column 1: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ", spec: ", ", spec: {}", ", spec: {models: }", ", spec: {models: []}"})
    void packageWithoutModels_hasAnEmptyModelList(String rest) throws Exception {
        assertThat(ArtifactParser.parse("{kind: Package, metadata: {name: p}" + rest + "}"))
                .isInstanceOfSatisfying(
                        PackageArtifact.class, it -> assertThat(it.models()).isEmpty());
    }

    @Test
    void modelNamedTwice_countsOnceAtItsFirstPlace() throws Exception {
        String yaml = "{kind: Package, metadata: {name: p}, spec: {models: "
                + "[{name: b, node: HPC}, {name: a}, {name: b, node: cloud}]}}";

        assertThat(ArtifactParser.parse(yaml))
                .isEqualTo(new PackageArtifact("p", List.of(new ModelRef("b", "HPC"), new ModelRef("a", "")), yaml));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{kind: Node}", "{kind: Node, metadata: {name: [a/b]}}"})
    void fieldsThatAffectNoState_areNotValidated(String yaml) throws Exception {
        assertThat(ArtifactParser.parse(yaml)).isEqualTo(new OtherArtifact("Node", "", yaml));
    }

    @Test
    void unknownFields_areIgnored() throws Exception {
        String yaml =
                "{kind: Scenario, color: red, metadata: {name: s, x: 1}, spec: {target: p, condition: [1], y: {}}}";

        assertThat(ArtifactParser.parse(yaml)).isEqualTo(new ScenarioArtifact("s", "", "p", yaml));
    }

    static String real(String file) throws IOException {
        try (InputStream in = ArtifactParserTest.class.getResourceAsStream("/artifacts/" + file)) {
            return new String(Objects.requireNonNull(in, file).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
