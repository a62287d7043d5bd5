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

/** Rules for every source file of the program and of its tests. */
class SourceFilesTest {

    private static final int MOST_LINES = 500;

    /** The license header and the empty line after it, which the formatter checks. */
    private static final int HEADER_LINES = 3;

    private static final Pattern SOURCE = Pattern.compile(".*\\.(java|js|proto)");

    @Test
    void sourceFile_hasAtMost500Lines() throws IOException {
        List<Path> sources;
        try (Stream<Path> files = Files.walk(Path.of("src"))) {
            sources = files.filter(Files::isRegularFile)
                    .filter(file -> SOURCE.matcher(file.toString()).matches())
                    .toList();
        }
        assertThat(sources).hasSizeGreaterThan(100);
        assertThat(sources.stream()
                        .filter(file -> lines(file) > MOST_LINES)
                        .map(file -> file + ": " + lines(file) + " lines"))
                .as("split the file, and keep together what changes together")
                .isEmpty();
    }

    private static long lines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.skip(HEADER_LINES).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
