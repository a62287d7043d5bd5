// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class ArtifactParserProperties {

    private static final String[] FRAGMENTS = {
        "---\n",
        "...\n",
        "--- ",
        "... ",
        "%YAML 1.1\n",
        "%YAML 1.2\n",
        "...\n%TAG ! !x\n---\n",
        "\n\uFEFF",
        "- ",
        "? ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        "  ",
        "\t",
        "#",
        "&a ",
        "*a",
        "!!int ",
        "!!binary ",
        "!!merge ",
        "<<",
        "|\n",
        ">-\n",
        "\"",
        "'",
        "\\",
        "null",
        "1e9",
        "🚗",
        "\u0000",
        "\uFEFF",
        "\uD800",
        "\u2028",
        "\r\n",
        "kind: Model\n",
        "metadata: {name: a}\n"
    };

    @Property
    void anyText_isAnArtifactOrABrokenOne(@ForAll String text) throws Exception {
        readsOrIsBroken(text);
    }

    @Property
    void anySequenceOfYamlIndicators_isAnArtifactOrABrokenOne(@ForAll("fragments") List<String> fragments)
            throws Exception {
        readsOrIsBroken(String.join("", fragments));
    }

    @Property(tries = 2000)
    void realFileThatIsCutAndPatched_isAnArtifactOrABrokenOne(@ForAll("mutated") String text) throws Exception {
        readsOrIsBroken(text);
    }

    /** The part of the text that is stored for a document parses to the same artifact. */
    private static void readsOrIsBroken(String text) throws BrokenArtifactException {
        List<Artifact> artifacts;
        try {
            artifacts = ArtifactParser.parseAll(text);
        } catch (BrokenArtifactException broken) {
            assertThat(broken.getMessage())
                    .containsPattern("^(document \\d+: )?(invalid YAML: .|.*expected: )")
                    .doesNotContain("\n");
            return;
        }
        for (Artifact artifact : artifacts) {
            assertThat(ArtifactParser.parse(artifact.yaml())).isEqualTo(artifact);
        }
    }

    /** Texts that may stand between two documents. */
    private static final String[] BETWEEN = {
        "---\n",
        "--- # car\n",
        "...\n---\n",
        "...\n# next\n%YAML 1.1\n---\n",
        "...\n%YAML 1.2\n%TAG !car! tag:car.example,2026:\n--- !!map\n",
        "# end\n\n...\n...\n%TAG ! !car\n---\n"
    };

    private static final String[] DOCUMENTS = {
        "kind: Model\nmetadata:\n  name: NAME\n",
        "# 🚗\nkind: Package\nmetadata: {\nname: NAME\n}\nspec:\n  models:\n  - name: 'a'\n",
        "kind: Scenario\nmetadata:\n  name: NAME\nspec:\n  target: |-\n    p\n",
        "kind: Policy\nmetadata:\n  name: NAME\nspec: [\n1,\n2\n]\n"
    };

    @Property
    void byteOrderMarksAndDirectives_changeNoArtifact(
            @ForAll("documents") List<String> documents,
            @ForAll("between") List<String> between,
            @ForAll List<@IntRange(max = 200) Integer> marks)
            throws Exception {
        StringBuilder yaml = new StringBuilder();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < documents.size(); i++) {
            if (i > 0) {
                yaml.append(between.get(i % between.size()));
            }
            names.add("n" + i);
            yaml.append(documents.get(i).replace("NAME", "n" + i));
        }
        List<String> lines = new ArrayList<>(yaml.toString().lines().toList());
        for (int mark : marks) {
            int line = mark % lines.size();
            // A plain or block scalar of one line cannot hold the beginning of another.
            if (!lines.get(line).startsWith(" ")) {
                lines.set(line, "\uFEFF" + lines.get(line));
            }
        }

        List<Artifact> artifacts = ArtifactParser.parseAll(String.join("\n", lines) + "\n");

        assertThat(artifacts).isEqualTo(ArtifactParser.parseAll(yaml.toString()));
        assertThat(artifacts).extracting(Artifact::name).isEqualTo(names);
        for (Artifact artifact : artifacts) {
            assertThat(ArtifactParser.parse(artifact.yaml())).isEqualTo(artifact);
        }
    }

    @Provide
    static Arbitrary<List<String>> documents() {
        return Arbitraries.of(DOCUMENTS).list().ofMinSize(1).ofMaxSize(5);
    }

    @Provide
    static Arbitrary<List<String>> between() {
        return Arbitraries.of(BETWEEN).list().ofMinSize(1).ofMaxSize(5);
    }

    @Provide
    static Arbitrary<List<String>> fragments() {
        return Arbitraries.of(FRAGMENTS).list().ofMaxSize(30);
    }

    @Provide
    static Arbitrary<String> mutated() {
        return Combinators.combine(
                        Arbitraries.of(ArtifactParserTest.REAL),
                        Arbitraries.integers().between(0, 5000),
                        Arbitraries.integers().between(0, 20),
                        Arbitraries.of(FRAGMENTS))
                .as((file, at, length, patch) -> {
                    String text = real(file);
                    int from = Math.min(at, text.length());
                    return text.substring(0, from) + patch + text.substring(Math.min(from + length, text.length()));
                });
    }

    private static String real(String file) {
        try {
            return ArtifactParserTest.real(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
