// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The README documents the settings that the program has. */
class SettingsTableTest {

    private static final Pattern VARIABLE = Pattern.compile("STATEMANAGER_[A-Z_]+");

    private String section;

    @BeforeEach
    void readSection() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        int begin = readme.indexOf("\n## Settings\n");
        assertThat(begin).as("the section Settings of README.md").isNotNegative();
        int end = readme.indexOf("\n## ", begin + 1);
        section = readme.substring(begin, end);
    }

    @Test
    void readmeTable_isTheTableOfSettings() {
        List<String> rows =
                section.lines().filter(line -> line.startsWith("|")).skip(2).toList();

        assertThat(rows)
                .containsExactlyElementsOf(Arrays.stream(Setting.values())
                        .map(SettingsTableTest::row)
                        .toList());
    }

    private static String row(Setting setting) {
        String value = setting.defaultText().isEmpty() ? "" : "`" + setting.defaultText() + "`";
        return "| `%s=%s` | `%s` | %s | %s |"
                .formatted(setting.option(), setting.placeholder(), setting.key(), value, setting.description());
    }

    @Test
    void readme_namesTheVariableOfASetting() {
        assertThat(section)
                .contains("`%s` is `%s`".formatted(Setting.RECONCILE_ON.key(), Setting.RECONCILE_ON.variable()));
    }

    /** A server inherits the variables of its build, its launcher and its clients. */
    @Test
    void everyVariableThatTheLauncherOrTheReadmeNames_isAccepted() throws IOException {
        for (Path file : List.of(Path.of("README.md"), Path.of("statemanager"), Path.of("tools/check-tools"))) {
            List<String> others = VARIABLE.matcher(Files.readString(file))
                    .results()
                    .map(MatchResult::group)
                    .filter(variable -> Setting.ofVariable(variable).isEmpty())
                    .toList();

            assertThat(others).as("variables in " + file).isNotEmpty();
            for (String variable : others) {
                assertThat(SettingsLoader.load(
                                Map.of(), Map.of(variable, "1"), null, Path.of("/nowhere/settings.yaml")))
                        .as(variable)
                        .isEqualTo(SettingsLoader.load(Map.of(), Map.of(), null, Path.of("/nowhere/settings.yaml")));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void variable_isTheKeyInUpperCase(Setting setting) {
        assertThat(setting.variable())
                .isEqualTo(
                        "STATEMANAGER_" + setting.key().toUpperCase(Locale.ROOT).replaceAll("[.-]", "_"));
    }
}
