// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keeps the language plain: CONTRIBUTING.md says how we write. */
class LanguageTest {

    private static final int MOST_WORDS = 35;

    /** Each has a standard term, such as: unknown caller, reported, again, repair, after, nevertheless, message. */
    private static final Pattern BANNED = Pattern.compile(
            "\\b(nobody(?!\\()|somebody|whoever|told|anew|mend(s|ed|ing)?|behind|(?<!\\d )words|all(\\s|\\*|/|#)+the(\\s|\\*|/|#)+same)\\b",
            Pattern.CASE_INSENSITIVE);

    private static final Path MAIN = Path.of("src/main/java");
    private static final List<String> ROOTS = List.of(
            "src/main",
            "src/test/java",
            "docs",
            "deploy",
            "examples",
            "tools",
            "statemanager",
            "Makefile",
            "pom.xml",
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "SECURITY.md",
            "CODE_OF_CONDUCT.md",
            ".github",
            ".devcontainer");

    /** Files with these extensions, and scripts, which have none. */
    private static final Pattern TEXT_FILE =
            Pattern.compile("(.*/)?[^/]+\\.(java|proto|md|js|css|html|yaml|properties|xml)|(.*/)?[^./]+");

    /** Holds examples of banned terms. */
    private static final Path SELF = Path.of("src/test/java/io/pullpiri/statemanager/LanguageTest.java");

    @Test
    void sourcesAndDocuments_haveNoBannedWord() {
        List<Path> files = ROOTS.stream()
                .map(Path::of)
                .flatMap(LanguageTest::textFiles)
                .filter(file -> !file.equals(SELF))
                .toList();
        assertThat(files).hasSizeGreaterThan(300);
        assertThat(files.stream().flatMap(file -> bannedWords(file, read(file))))
                .as("use the standard term")
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "docs/architecture.md"})
    void document_hasNoSentenceOver35Words(Path document) {
        List<Prose.Sentence> sentences = Prose.sentences(read(document));
        assertThat(sentences).hasSizeGreaterThan(50);
        assertThat(longSentences(document, sentences)).as("split the sentence").isEmpty();
    }

    @Test
    void everyPackage_hasPackageInfo() {
        List<Path> packages = textFiles(MAIN)
                .filter(file -> file.toString().endsWith(".java"))
                .map(Path::getParent)
                .distinct()
                .toList();
        assertThat(packages).hasSizeGreaterThan(15);
        assertThat(packages.stream().filter(folder -> !Files.exists(folder.resolve("package-info.java"))))
                .as("packages without package-info.java")
                .isEmpty();
    }

    static Stream<Arguments> bannedWord_isReportedWithFileAndLine() {
        return Stream.of(
                arguments("a line\nNobody asks", List.of("A.java:2: 'Nobody'")),
                arguments("/** It was told twice. */", List.of("A.java:1: 'told'")),
                arguments("/** Comes all\n * the same. */", List.of("A.java:1: 'all * the same'")),
                arguments("// Mended, and mends", List.of("A.java:1: 'Mended'", "A.java:1: 'mends'")),
                arguments("List<String> words = behind();", List.of("A.java:1: 'words'", "A.java:1: 'behind'")),
                arguments("a sentence of more than 35 words", List.of()),
                // Parts of other names and texts.
                arguments("BodyPublishers.noBody(), keyword, crossword, amendment, retold, swordsman", List.of()));
    }

    @ParameterizedTest
    @MethodSource
    void bannedWord_isReportedWithFileAndLine(String text, List<String> expected) {
        assertThat(bannedWords(Path.of("A.java"), text)).containsExactlyElementsOf(expected);
    }

    @Test
    void longSentence_isReportedWithItsLine() {
        String longOne = "One " + "two ".repeat(34) + "`three four`.";
        String text = "# Title\n\nShort one (e.g. this). podman is not it. " + longOne + "\n\n    " + longOne
                + "\n\n```\n" + longOne + "\n```\n" + "| cell | " + longOne + " |\n\n- " + "one ".repeat(20) + "\n- "
                + "two ".repeat(20) + "\n";
        assertThat(longSentences(Path.of("A.md"), Prose.sentences(text)))
                .containsExactly(
                        "A.md:3: 36 words: " + "One " + "two ".repeat(34) + "X.",
                        "A.md:10: 36 words: One " + "two ".repeat(34) + "X.");
    }

    private static Stream<String> bannedWords(Path file, String text) {
        return BANNED.matcher(text)
                .results()
                .map(found ->
                        file + ":" + line(text, found) + ": '" + found.group().replaceAll("\\s+", " ") + "'");
    }

    private static long line(String text, MatchResult found) {
        return 1
                + text.substring(0, found.start())
                        .chars()
                        .filter(c -> c == '\n')
                        .count();
    }

    private static List<String> longSentences(Path file, List<Prose.Sentence> sentences) {
        return sentences.stream()
                .filter(sentence -> sentence.length() > MOST_WORDS)
                .map(sentence -> file + ":" + sentence.line() + ": " + sentence.length() + " words: " + sentence.text())
                .toList();
    }

    private static Stream<Path> textFiles(Path root) {
        try (Stream<Path> files = Files.walk(root)) {
            return files
                    .filter(Files::isRegularFile)
                    .filter(file -> TEXT_FILE.matcher(file.toString()).matches())
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
