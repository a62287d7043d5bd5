// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.statemanager.artifact.PackageArtifact.ModelRef;
import io.pullpiri.statemanager.testing.Handwritten;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files as people and their editors write them. */
class HandwrittenArtifactsTest {

    private static final String MODEL_A = "kind: Model\nmetadata: {name: a}\n";
    private static final String MODEL_B = "kind: Model\nmetadata: {name: b}\n";

    @Test
    void directiveBeforeTheFirstDocument_isPartOfItsText() throws Exception {
        String yaml = Handwritten.text("yaml11-directive.yaml");

        assertThat(ArtifactParser.parseAll(yaml))
                .containsExactly(new PackageArtifact("pumps", List.of(new ModelRef("oil-pump", "gateway")), yaml));
        assertThat(ArtifactParser.parse(yaml).name()).isEqualTo("pumps");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "%YAML 1.1\n",
                "%YAML 1.2\n",
                "%TAG !car! tag:car.example,2026:\n",
                "%YAML 1.2\n# why\n%TAG ! !x\n"
            })
    void directivesBetweenDocuments_belongToTheNextDocument(String directives) throws Exception {
        String first = directives + "---\n" + MODEL_A + "...\n# between\n";
        String second = directives + "--- # marker\n" + MODEL_B;

        assertThat(ArtifactParser.parseAll(first + second))
                .containsExactly(new ModelArtifact("a", first), new ModelArtifact("b", second));
    }

    @Test
    void tagDeclaredByADirective_appliesToItsDocumentOnly() {
        String yaml = """
                %TAG !s! tag:yaml.org,2002:
                ---
                kind: Model
                metadata: {name: !s!str 5}
                ---
                kind: Model
                metadata: {name: !s!str 6}
                """;

        assertThatThrownBy(() -> ArtifactParser.parseAll(yaml))
                .hasMessageStartingWith("document 2: invalid YAML: line 7, column 18: found undefined tag handle !s!");
    }

    @Test
    void directiveWithoutADocumentEndBefore_isRejectedWithAHint() {
        assertThatThrownBy(() -> ArtifactParser.parseAll(MODEL_A + "%YAML 1.2\n---\n" + MODEL_B))
                .hasMessageStartingWith("document 1: invalid YAML: line 3, column 1: ")
                .hasMessageEndingWith("(expected: a line '...' before a directive)");
    }

    @Test
    void otherYamlVersion_isRejected() {
        assertThatThrownBy(() -> ArtifactParser.parseAll("%YAML 2.0\n---\n" + MODEL_A))
                .hasMessage("document 1: invalid YAML: the directive %YAML 2.0 (expected: %YAML 1.1 or %YAML 1.2)");
    }

    @Test
    void concatenatedFilesWithByteOrderMarks_areReadAsWithoutThem() throws Exception {
        String yaml = Handwritten.text("two-files-with-byte-order-marks.yaml");
        assertThat(yaml.chars().filter(c -> c == '\uFEFF')).hasSize(2);

        assertThat(ArtifactParser.parseAll(yaml))
                .isEqualTo(ArtifactParser.parseAll(yaml.replace("\uFEFF", "")))
                .extracting(Artifact::name)
                .containsExactly("front-doors", "rear-doors");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "^---\n^kind: Model\n^metadata: {name: a}\n^---\n^kind: Model\nmetadata: {name: b}\n",
                "^^kind: Model\nmetadata: {name: a}\n^^^---\nkind: Model\nmetadata: {name: b}\n",
                "^%YAML 1.2\n---\nkind: Model\nmetadata: {name: a}\n...\n^%YAML 1.2\n^---\nkind: Model\nmetadata: {name: b}\n",
                "^# car\r\nkind: Model\r\nmetadata: {name: a}\r\n^# next\r\n^---\r\nkind: Model\r\nmetadata: {name: b}\r\n",
                "kind: Model\nmetadata: {name: a}\nspec: |\n  🚗\n^---\nkind: Model\nmetadata: {name: b}\nspec: [\n^1,\n^2]\n"
            })
    void byteOrderMarksAtLineStarts_areRemoved(String marked) throws Exception {
        String yaml = marked.replace('^', '\uFEFF');

        List<Artifact> artifacts = ArtifactParser.parseAll(yaml);

        assertThat(artifacts).extracting(Artifact::name).containsExactly("a", "b");
        assertThat(artifacts).isEqualTo(ArtifactParser.parseAll(marked.replace("^", "")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"one\n^two\n^three\"", "'one\n^two'", "[ one\n^two ]"})
    void byteOrderMarkInsideAScalar_isContent(String scalar) throws Exception {
        String before = "kind: Model\nmetadata: {name: 🚗}\nspec: ";
        String yaml = ("^" + before + scalar + "\n^---\n^kind: Model\nmetadata: {name: b}\n").replace('^', '\uFEFF');

        assertThat(ArtifactParser.parseAll(yaml).getFirst().yaml())
                .isEqualTo(before + scalar.replace('^', '\uFEFF') + "\n");
    }

    // [utest->req~bad-artifact~1]
    @Test
    @Tag("slow")
    void manyByteOrderMarks_areReadInOnePass() throws Exception {
        String yaml = MODEL_A + "spec: \"" + "\n\uFEFF".repeat(200_000) + "\"\n" + "\uFEFF# \n".repeat(150_000);

        assertThat(ArtifactParser.parseAll(yaml).getFirst().yaml().chars().filter(c -> c == '\uFEFF'))
                .hasSize(200_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"---", "--- # car", "...\n%YAML 1.2\n---", "...\n# 🚗\n%TAG ! !x\n\n--- !!map"})
    void lineNumbersInMessages_areThoseOfTheFile(String between) {
        String yaml = "# car\n\uFEFF" + MODEL_A + between + "\n" + "kind: Model\nmetadata:\n  name: 5\n";
        long line = yaml.lines().count();

        assertThatThrownBy(() -> ArtifactParser.parseAll(yaml))
                .hasMessageStartingWith("document 2: metadata.name: '5' on line " + line + " is a number");
        assertThatThrownBy(() -> ArtifactParser.parseAll(yaml + "kind: Model\n"))
                .hasMessageStartingWith(
                        "document 2: invalid YAML: line " + (line + 1) + ", column 1: found duplicate key");
    }

    @Test
    void numericName_isRejectedAsItIsWritten() throws Exception {
        String yaml = Handwritten.text("version-as-name.yaml");

        assertThatThrownBy(() -> ArtifactParser.parseAll(yaml))
                .hasMessage("document 1: spec.models[0].name: '2.30' on line 7 is a number"
                        + " (expected: a model's name, as text: put it in quotes, \"2.30\")");
        assertThat(ArtifactParser.parseAll(yaml.replace(" 2.30", " \"2.30\"")).getFirst())
                .isInstanceOfSatisfying(
                        PackageArtifact.class,
                        it -> assertThat(it.models()).extracting(ModelRef::name).containsExactly("2.30", "v2.30"));
    }

    // [utest->req~bad-artifact~1]
    @ParameterizedTest
    @ValueSource(strings = {"Network", "Node", "Pod", "Policy", "Schedule", "Volume"})
    void pullpiriKindsWithoutState_areIgnored(String kind) throws Exception {
        String yaml = "kind: " + kind + "\nmetadata: {name: 5}\nspce: {}\n";

        assertThat(ArtifactParser.parseAll(yaml)).containsExactly(new OtherArtifact(kind, "", yaml));
        assertThat(ArtifactParser.parseNames(yaml)).containsExactly(new OtherArtifact(kind, "", yaml));
        assertThat(warnings(yaml)).isEmpty();
    }

    @Test
    void unknownKind_rejectsAFileAndIsIgnoredInTheStore() throws Exception {
        String yaml = Handwritten.text("misspelt-kind.yaml");

        for (String file : List.of(yaml, MODEL_A + "---\n" + yaml)) {
            assertThatThrownBy(() -> ArtifactParser.parseAll(file))
                    .hasMessageContaining("kind: 'Pakcage' on line ")
                    .hasMessageEndingWith("; did you mean Package?)");
            assertThatThrownBy(() -> ArtifactParser.parseNames(file)).hasMessageContaining("did you mean Package?");
        }
        assertThat(ArtifactParser.parse(yaml)).isEqualTo(new OtherArtifact("Pakcage", "seats", yaml));
    }

    private static List<String> warnings(String yaml) throws BrokenArtifactException {
        List<String> warnings = new ArrayList<>();
        ArtifactParser.parseAll(yaml, warnings::add);
        return warnings;
    }

    // [utest->req~bad-artifact~1]
    @Test
    void misspelledField_isAWarningWithItsLine() throws Exception {
        assertThat(warnings(Handwritten.text("model-for-models.yaml")))
                .containsExactly(
                        "Package/mirrors: spec.model on line 6 is an unknown field and is ignored"
                                + " (did you mean models?)",
                        "Package/mirrors: spec.models names no model, so that the package stays idle"
                                + " (expected: at least one model)");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {kind: Model, metadata: {name: m}, specs: {}}                                      | specs        | spec
            {kind: Model, apiversion: v1, metadata: {name: m}}                                 | apiversion   | apiVersion
            {kind: Model, metadata: {name: m, anotations: {}}}                                 | metadata.anotations | annotations
            {kind: Scenario, metadata: {name: s}, spec: {target: p, conditions: {}}}           | spec.conditions | condition
            {kind: Scenario, metadata: {name: s}, spec: {target: p, acton: launch}}            | spec.acton   | action
            {kind: Package, metadata: {name: p}, spec: {polices: x, models: [{name: m}]}}      | spec.polices | policy
            {kind: Package, metadata: {name: p}, spec: {models: [{name: m, nodes: a}]}}        | spec.models[0].nodes | node
            {kind: Package, metadata: {name: p}, spec: {models: [{name: m}, {name: n, Node: a}]}} | spec.models[1].Node | node
            """)
    void misspelledField_isFoundWhereverFieldsAreKnown(String yaml, String given, String meant) throws Exception {
        assertThat(warnings("---\n" + yaml))
                .singleElement()
                .asString()
                .contains(": " + given + " on line 2 is an unknown field and is ignored (did you mean " + meant + "?)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{kind: Model, metadata: {name: m, label: null}, spec: {nmae: x, container: []}}",
                "{kind: Scenario, metadata: {name: s, labels: {nmae: x}}, spec: {target: p, targets: q, condition: {tpye: x}}}",
                "{kind: Package, metadata: {name: p}, color: red, spec: {pattern: [{tpye: x}], models: [{name: m, names: n, resources: {volumes: }}]}}"
            })
    void foreignFieldsAndFieldsBesideTheKnownOne_giveNoWarning(String yaml) throws Exception {
        assertThat(warnings(yaml)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {kind: Package, metadata: {name: p}, spec: {models: [{name: m, node: 1.10}]}} | Package/p: spec.models[0].node: '1.10' on line 1 is a number and is ignored (expected: text: put it in quotes, "1.10")
            {kind: Scenario, metadata: {name: s}, spec: {target: p, action: [launch]}}    | Scenario/s: spec.action: a list and is ignored (expected: text)
            """)
    void optionalFieldOfAnotherType_isAWarning(String yaml, String warning) throws Exception {
        assertThat(warnings(yaml)).containsExactly(warning);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ", spec: ", ", spec: {}", ", spec: {models: }", ", spec: {models: []}"})
    void packageWithoutModels_isAWarning(String rest) throws Exception {
        assertThat(warnings("{kind: Package, metadata: {name: p}" + rest + "}"))
                .containsExactly("Package/p: spec.models names no model, so that the package stays idle"
                        + " (expected: at least one model)");
    }

    @Test
    void storedNameWithInvisibleCharacters_staysValidAndCanBeDeleted() throws Exception {
        String yaml = "kind: Package\nmetadata: {name: \"a\\u200Bb\"}\nspec: {models: [{name: \"\\u202Em\"}]}\n";

        assertThat(ArtifactParser.parse(yaml))
                .isEqualTo(new PackageArtifact("a\u200Bb", List.of(new ModelRef("\u202Em", "")), yaml));
        assertThat(ArtifactParser.parseNames(yaml)).extracting(Artifact::name).containsExactly("a\u200Bb");
        assertThatThrownBy(() -> ArtifactParser.parseAll(yaml)).hasMessageContaining("U+200B");
    }
}
