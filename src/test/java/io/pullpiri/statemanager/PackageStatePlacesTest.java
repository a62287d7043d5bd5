// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.PackageState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Finds the places outside of the compiler's reach that must know every state of a package. */
class PackageStatePlacesTest {

    private static final Path WEB = Path.of("src/main/resources/web");
    private static final Path STATES = WEB.resolve("states.js");
    private static final Path DESCRIPTION = WEB.resolve("api/v1/openapi.yaml");
    private static final Path README = Path.of("README.md");

    private static final List<String> TITLES =
            Arrays.stream(PackageState.values()).map(PackageState::title).toList();

    /** Reads the list that follows a text and ends at a bracket. */
    private static List<String> list(Path file, String before) throws IOException {
        Matcher matcher = Pattern.compile(Pattern.quote(before) + "([^]]*)]").matcher(Files.readString(file));
        assertThat(matcher.find()).as("%s has '%s'", file, before).isTrue();
        return Arrays.stream(matcher.group(1).replace("'", "").split(",", -1))
                .map(String::strip)
                .toList();
    }

    @Test
    void dashboard_sortsEveryState() throws IOException {
        assertThat(list(STATES, "PACKAGE_STATES = [")).containsExactlyInAnyOrderElementsOf(TITLES);
    }

    @Test
    void description_hasEveryState() throws IOException {
        assertThat(list(DESCRIPTION, "kind: {const: package}\n        name: {type: string}\n        state: {enum: ["))
                .containsExactlyElementsOf(TITLES);
    }

    @ParameterizedTest
    @EnumSource
    void signColorAndKoreanName_areKnown(PackageState state) throws IOException {
        String title = state.title();
        assertThat(Files.readString(STATES)).containsPattern("\\b" + title + ": '[^-]'");
        assertThat(Files.readString(WEB.resolve("texts.js"))).containsPattern("\\b" + title + ": '[가-힣]");
        if (state != PackageState.IDLE) { // it has the color of plain text
            assertThat(Files.readString(STATES)).containsPattern("\\b" + title + ": '--");
            assertThat(Files.readString(WEB.resolve("style.css"))).contains("[data-state=\"" + title + "\"]");
        }
    }

    @ParameterizedTest
    @EnumSource
    void readme_knowsTheState(PackageState state) throws IOException {
        String name = state.title().toLowerCase(Locale.ROOT);
        String readme = Files.readString(README);
        assertThat(readme).as("the table of states").contains("\n| " + name + " | ");
        assertThat(readme)
                .as("the table of keys")
                .containsPattern("/package/\\{name}/state` \\|[^|]*`" + state.title() + "`");
    }
}
