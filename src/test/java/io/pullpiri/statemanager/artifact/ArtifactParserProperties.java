package io.pullpiri.statemanager.artifact;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ArtifactParserProperties {

    private static final String[] FRAGMENTS = {
        "---\n",
        "...\n",
        "--- ",
        "... ",
        "%YAML 1.2\n",
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
    void noTextMakesAnythingButAnArtifactOrABrokenOne(@ForAll String text) throws Exception {
        readsOrIsBroken(text);
    }

    @Property
    void noSequenceOfYamlsIndicatorsDoesEither(@ForAll("fragments") List<String> fragments) throws Exception {
        readsOrIsBroken(String.join("", fragments));
    }

    @Property(tries = 2000)
    void norDoesARealFileThatIsCutAndPatched(@ForAll("mutated") String text) throws Exception {
        readsOrIsBroken(text);
    }

    /** Also: the part of the text that is stored under a document's key says the same as the document did. */
    private static void readsOrIsBroken(String text) throws BrokenArtifactException {
        List<Artifact> artifacts;
        try {
            artifacts = ArtifactParser.parseAll(text);
        } catch (BrokenArtifactException broken) {
            assertThat(broken.getMessage())
                    .containsPattern("^(document \\d+: )?(no YAML: .|.*expected: )")
                    .doesNotContain("\n");
            return;
        }
        for (Artifact artifact : artifacts) {
            assertThat(ArtifactParser.parse(artifact.yaml())).isEqualTo(artifact);
        }
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
