// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One line for each kind of broken artifact: its name, its text, and the message. */
class BrokenArtifactTest {

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            no kind            | {metadata: {name: a}}                 | kind: missing (expected: a kind, such as Package, as text)
            kind is a number   | {kind: 5}                             | kind: '5' on line 3 is a number (expected: a kind, such as Package, as text: put it in quotes, "5")
            kind is empty      | {kind: ''}                            | kind: '' on line 3 is empty or only spaces (expected: 1..253 bytes)
            a list             | [{kind: Model}]                       | is a list (expected: a map with kind and metadata)
            a word             | Model                                 | is 'Model' (expected: a map with kind and metadata)
            no metadata        | {kind: Model}                         | metadata.name: missing (expected: a name, as text)
            null metadata      | {kind: Scenario, metadata: }          | metadata.name: missing (expected: a name, as text)
            metadata is a list | {kind: Model, metadata: []}           | metadata: a list (expected: a map)
            no name            | {kind: Package, metadata: {label: x}} | metadata.name: missing (expected: a name, as text)
            name is a number   | {kind: Model, metadata: {name: 123}}  | metadata.name: '123' on line 3 is a number (expected: a name, as text: put it in quotes, "123")
            name is hex        | {kind: Model, metadata: {name: 0x10}} | metadata.name: '0x10' on line 3 is a number (expected: a name, as text: put it in quotes, "0x10")
            name is a boolean  | {kind: Model, metadata: {name: true}} | metadata.name: 'true' on line 3 is a boolean (expected: a name, as text: put it in quotes, "true")
            name is a mapping  | {kind: Model, metadata: {name: {}}}   | metadata.name: a map (expected: a name, as text)
            name is empty      | {kind: Model, metadata: {name: ''}}   | metadata.name: '' on line 3 is empty or only spaces (expected: 1..253 bytes)
            name with /        | {kind: Model, metadata: {name: a/b}}  | metadata.name: 'a/b' on line 3 has '/' (expected: a name without '/')
            name with <        | {kind: Model, metadata: {name: a<b}}  | metadata.name: 'a<b' on line 3 has '<' (expected: none of < > ? { })
            name with NUL      | {kind: Model, metadata: {name: "\\0"}} | metadata.name: '\\u{0}' on line 3 has the control character U+0000 (expected: none)
            name with CSI      | {kind: Model, metadata: {name: "\\x9b"}} | metadata.name: '\\u{9B}' on line 3 has the control character U+009B (expected: none)
            no spec            | {kind: Scenario, metadata: {name: s}} | spec.target: missing (expected: a package's name, as text)
            spec is text       | {kind: Scenario, metadata: {name: s}, spec: launch}                      | spec: 'launch' on line 3 (expected: a map)
            target is null     | {kind: Scenario, metadata: {name: s}, spec: {target: }}                  | spec.target: missing (expected: a package's name, as text)
            target is a number | {kind: Scenario, metadata: {name: s}, spec: {target: 1.5}}               | spec.target: '1.5' on line 3 is a number (expected: a package's name, as text: put it in quotes, "1.5")
            target with /      | {kind: Scenario, metadata: {name: s}, spec: {target: /}}                 | spec.target: '/' on line 3 has '/' (expected: a name without '/')
            models is a map    | {kind: Package, metadata: {name: p}, spec: {models: {name: a}}}          | spec.models: a map (expected: a list of models)
            models is text     | {kind: Package, metadata: {name: p}, spec: {models: a}}                  | spec.models: 'a' on line 3 (expected: a list of models)
            a model is text    | {kind: Package, metadata: {name: p}, spec: {models: [{name: a}, b]}}     | spec.models[1]: 'b' on line 3 (expected: a map with a name)
            a model is null    | {kind: Package, metadata: {name: p}, spec: {models: [null]}}             | spec.models[0]: 'null' on line 3 is null (expected: a map with a name)
            a nameless model   | {kind: Package, metadata: {name: p}, spec: {models: [{name: a}, {}]}}    | spec.models[1].name: missing (expected: a model's name, as text)
            a model 1.10       | {kind: Package, metadata: {name: p}, spec: {models: [{name: 1.10}]}}     | spec.models[0].name: '1.10' on line 3 is a number (expected: a model's name, as text: put it in quotes, "1.10")
            name is 1e3        | {kind: Model, metadata: {name: 1e3}}  | metadata.name: '1e3' on line 3 is a number (expected: a name, as text: put it in quotes, "1e3")
            name is ~          | {kind: Model, metadata: {name: ~}}    | metadata.name: '~' on line 3 is null (expected: a name, as text: put it in quotes, "~")
            name is !!int      | {kind: Model, metadata: {name: !!int "7"}} | metadata.name: '7' on line 3 is a number (expected: a name, as text)
            metdata            | {kind: Model, metdata: {name: a}}     | metadata.name: missing (expected: a name, as text; is it misspelled as 'metdata' on line 3?)
            Kind               | {Kind: Model, metadata: {name: a}}    | kind: missing (expected: a kind, such as Package, as text; is it misspelled as 'Kind' on line 3?)
            targte             | {kind: Scenario, metadata: {name: s}, spec: {targte: p}}                 | spec.target: missing (expected: a package's name, as text; is it misspelled as 'targte' on line 3?)
            hidden in a name   | {kind: Model, metadata: {name: "a\\u200Bb"}} | metadata.name: 'a\\u{200B}b' on line 3 has the invisible character U+200B (expected: visible ones and plain spaces)
            right to left      | {kind: Scenario, metadata: {name: s}, spec: {target: "\\u202Ep"}}        | spec.target: '\\u{202E}p' on line 3 has the invisible character U+202E (expected: visible ones and plain spaces)
            no-break space     | {kind: Package, metadata: {name: p}, spec: {models: [{name: "a\\_b"}]}}  | spec.models[0].name: 'a\\u{A0}b' on line 3 has the invisible character U+00A0 (expected: visible ones and plain spaces)
            a tag beyond 16 bit| {kind: Model, metadata: {name: "a\\U000E0041"}} | metadata.name: 'a\\u{E0041}' on line 3 has the invisible character U+E0041 (expected: visible ones and plain spaces)
            kind Pacakge       | {kind: Pacakge}                       | kind: 'Pacakge' on line 3 is unknown (expected: one of Scenario, Package, Model, Network, Node, Pod, Policy, Schedule, Volume; did you mean Package?)
            kind package       | {kind: package}                       | kind: 'package' on line 3 is unknown (expected: one of Scenario, Package, Model, Network, Node, Pod, Policy, Schedule, Volume; did you mean Package?)
            kind Deployment    | {kind: Deployment}                    | kind: 'Deployment' on line 3 is unknown (expected: one of Scenario, Package, Model, Network, Node, Pod, Policy, Schedule, Volume)
            a model 7          | {kind: Package, metadata: {name: p}, spec: {models: [{name: 7}]}}        | spec.models[0].name: '7' on line 3 is a number (expected: a model's name, as text: put it in quotes, "7")
            """)
    void brokenArtifact_isReportedWithFieldValueAndExpectation(String name, String yaml, String message) {
        assertThatThrownBy(() -> ArtifactParser.parseAll("kind: Policy\n---\n" + yaml))
                .isInstanceOf(BrokenArtifactException.class)
                .hasMessage("document 2: " + message);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            a duplicate key       | {kind: Model, kind: Model}    | found duplicate key kind
            an open list          | [                             | expected the node content, but found '<stream end>'
            a tab                 | `\ta: 1`                      | found character '\\t(TAB)' that cannot start any token. (Do not use \\t(TAB) for indentation)
            an alias to nothing   | {a: *b}                       | found undefined alias b
            a key that is a list  | {[a]: b}                      | Non scalar key
            an alias to itself    | &a {*a : b}                   | Non scalar key
            a number that is none | {a: !!int x}                  | java.lang.NumberFormatException
            a merge key           | {a: &b {}, <<: *b}            | the merge key << (expected: none; YAML 1.2 has no merging)
            an unknown tag        | {a: !car x}                   | could not determine a constructor for the tag !car
            """)
    void invalidYaml_isReportedWithItsPosition(String name, String yaml, String problem) {
        assertThatThrownBy(() -> ArtifactParser.parseAll("kind: Policy\n---\n" + yaml))
                .isInstanceOf(BrokenArtifactException.class)
                .hasMessageStartingWith("document 2: invalid YAML: ")
                .hasMessageContaining(problem);
    }

    @Test
    void quotedValue_isShortened() {
        String key = "k".repeat(100_000);
        assertThatThrownBy(() -> ArtifactParser.parseAll("? " + key + "\n: 1\n? " + key + "\n: 2"))
                .hasMessageStartingWith("document 1: invalid YAML: line 3, column 3: found duplicate key kkk")
                .satisfies(broken -> assertThat(broken.getMessage()).hasSizeLessThan(300));
    }

    // [utest->req~bad-artifact~1]
    @Test
    void textOverOneMebibyte_isRejected() throws Exception {
        String head = "kind: Model\nmetadata: {name: a}\n#";
        String full = head + "x".repeat((1 << 20) - head.length());

        assertThat(ArtifactParser.parse(full)).isEqualTo(new ModelArtifact("a", full));
        assertThatThrownBy(() -> ArtifactParser.parse(full + "x"))
                .hasMessage("has 1048577 characters (expected: at most 1048576)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{a: ", "- ", "? ", "[?"})
    void excessiveDepth_isRejectedWhereItOccurs(String opener) {
        assertThatThrownBy(() -> ArtifactParser.parseAll(opener.repeat(100_000)))
                .isInstanceOf(BrokenArtifactException.class)
                .hasMessageStartingWith("document 1: ");
        String fifty = "{a: ".repeat(50);
        assertThatThrownBy(() -> ArtifactParser.parseAll("{a: " + fifty + "}".repeat(51)))
                .hasMessage("document 1: invalid YAML: nested too deep (expected: at most 50 levels)");
        assertThatThrownBy(() -> ArtifactParser.parseAll(fifty + "}".repeat(50)))
                .hasMessageStartingWith("document 1: kind: missing");
    }

    // [utest->req~bad-artifact~1]
    @Test
    void aliases_areLimited() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x]\n");
        for (int i = 1; i <= 60; i++) {
            bomb.append("a%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
        }

        assertThatThrownBy(() -> ArtifactParser.parseAll(bomb.toString()))
                .isInstanceOf(BrokenArtifactException.class)
                .hasMessageContaining("50");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "&a {kind: *a}",
                "{kind: Package, metadata: {name: p}, spec: {models: &m [*m]}}",
                "&a {kind: Package, metadata: {name: p}, spec: {models: *a}}",
                "&a {!!merge <<: *a}",
                "&a {<<: *a}",
                "&a !!set {? *a }"
            })
    void collectionThatContainsItself_isBroken(String yaml) {
        assertThatThrownBy(() -> ArtifactParser.parse(yaml)).isInstanceOf(BrokenArtifactException.class);
    }

    @Test
    void message_isOneShortLine() {
        String name = "a\\n".repeat(100);

        assertThatThrownBy(() -> ArtifactParser.parse("{kind: Model, metadata: {name: \"" + name + "\"}}"))
                .message()
                .hasSizeLessThan(200)
                .doesNotContain("\n")
                .contains("U+000A");
    }
}
