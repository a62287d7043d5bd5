// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bash offers after Tab what the commands accept. */
class CompletionTest {

    @TempDir
    Path folder;

    /** Returns the completions of the last argument, which may be empty. */
    private List<String> offered(String... typed) throws IOException, InterruptedException {
        StringWriter script = new StringWriter();
        assertThat(Main.run(new PrintWriter(script, true), new PrintWriter(script, true), "generate-completion"))
                .isZero();
        Path file = Files.writeString(
                folder.resolve("completion"),
                script + "\nCOMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMP_LINE=\"$*\"\n"
                        + "_complete_statemanager; printf '%s\\n' \"${COMPREPLY[@]}\"\n");
        List<String> command = Stream.concat(Stream.of("bash", file.toString(), "statemanager"), Stream.of(typed))
                .toList();
        // Bash complains because Readline does not call it.
        Process bash = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(bash.waitFor()).as(output).isZero();
        return output.lines().map(String::strip).toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            get                       | packages models scenarios nodes
            watch                     | packages models scenarios nodes
            describe                  | package model scenario node
            forget                    | node
            mirror                    | status accept
            history                   | package model scenario
            wait                      | package model scenario
            get packages --state      | idle paused exited degraded error running created dead waiting satisfied allowed denied completed
            wait package adas --for   | idle paused exited degraded error running created dead waiting satisfied allowed denied completed
            get packages -o           | table json yaml
            """)
    void completion_offersOnlyAcceptedArguments(String typed, String expected) throws Exception {
        String[] arguments =
                Stream.concat(Stream.of(typed.split(" ", -1)), Stream.of("")).toArray(String[]::new);

        assertThat(offered(arguments)).containsExactlyInAnyOrder(expected.split(" ", -1));
    }
}
