// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Everything that documents and sources cite in this repository can be opened. */
class LinksTest {

    private static final Pattern LINK = Pattern.compile("]\\((?!https?:|#)([^)#\\s]+)(#[^)]*)?\\)");
    private static final Pattern DECISION = Pattern.compile("docs/decisions/(\\d{4})");

    @Test
    void relativeLinkInADocument_leadsToAFile() {
        List<Path> documents = Stream.of(
                        "README.md",
                        "CONTRIBUTING.md",
                        "CHANGELOG.md",
                        "SECURITY.md",
                        "CODE_OF_CONDUCT.md",
                        "THIRD-PARTY.md",
                        ".github",
                        "docs",
                        "deploy")
                .flatMap(root -> files(root, ".*\\.md"))
                .toList();
        assertThat(documents).hasSizeGreaterThan(20);
        assertThat(documents.stream().flatMap(document -> brokenLinks(document, read(document))))
                .isEmpty();
        assertThat(brokenLinks(Path.of("docs/x.md"), "[a](wire.md#b) [b](none.md) [c](https://example.org/)"))
                .containsExactly("docs/x.md: none.md");
    }

    @Test
    void citedDecision_exists() {
        List<String> decisions = files("docs/decisions", ".*\\.md")
                .map(file -> file.getFileName().toString().substring(0, 4))
                .toList();
        List<Path> sources = Stream.of("src/main", "src/test/java", "deploy", "tools")
                .flatMap(root -> files(root, ".*/[^.]+(\\.(java|js|proto|yaml|options))?"))
                .toList();
        List<String> cited = sources.stream()
                .flatMap(file -> DECISION.matcher(read(file)).results().map(found -> file + ": " + found.group(1)))
                .toList();
        assertThat(cited).isNotEmpty();
        assertThat(cited).allMatch(citation -> decisions.contains(citation.substring(citation.length() - 4)));
    }

    private static Stream<String> brokenLinks(Path document, String text) {
        return LINK.matcher(text)
                .results()
                .map(link -> link.group(1))
                .filter(target -> !Files.exists(document.resolveSibling(target)))
                .map(target -> document + ": " + target);
    }

    private static Stream<Path> files(String root, String name) {
        try (Stream<Path> files = Files.walk(Path.of(root))) {
            return files
                    .filter(Files::isRegularFile)
                    .filter(file -> file.toString().matches(name))
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
