package io.pullpiri.statemanager.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The README documents the settings that the program has. */
class SettingsTableTest {

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

    @ParameterizedTest
    @EnumSource
    void variable_isTheKeyInUpperCase(Setting setting) {
        assertThat(setting.variable())
                .isEqualTo(
                        "STATEMANAGER_" + setting.key().toUpperCase(Locale.ROOT).replaceAll("[.-]", "_"));
    }
}
