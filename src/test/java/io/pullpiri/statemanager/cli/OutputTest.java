// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** JSON and YAML have no invisible characters and no control characters, and a parser reads the original text. */
class OutputTest {

    private static final String INVISIBLE = "[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}[\\p{Zs}&&[^ ]]&&[^\\n]]";

    private static Object read(String yaml) {
        return new Load(LoadSettings.builder().build()).loadFromString(yaml);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "brake\u202Emain",
                "zero\u200Bwidth",
                "no\u00A0break",
                "\u2028line",
                "\uFEFFmark",
                "tag\uDB40\uDC41end",
                "next\u0085line",
                "bell\u0007",
                "back\\slash and \u200B \"quotes\"",
                "\u200B: # '",
                "two\nlines\u200B",
                "한국어",
                "plain: text",
                "1.10",
                ""
            })
    void yamlWithInvisibleCharacters_isEscapedAndReadsBackAsTheSameText(String text) {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("name", text);
        value.put(text + "key", List.of(text, 1L, true));
        String yaml = Output.yaml(value);

        assertThat(yaml).doesNotContainPattern(INVISIBLE);
        assertThat(read(yaml)).isEqualTo(Map.of("name", text, text + "key", List.of(text, 1, true)));
    }

    @Test
    void longYamlWithInvisibleCharacters_isEscapedAndReadsBackAsTheSameText() {
        String text = String.join(
                " ", IntStream.range(0, 60).mapToObj(i -> "word\u200B" + i).toList());
        assertThat(Output.yaml(text)).doesNotContainPattern(INVISIBLE);
        assertThat(read(Output.yaml(text))).isEqualTo(text);
    }

    @Test
    void visibleTexts_areWrittenAsTheyAre() {
        assertThat(Output.yaml(Map.of("name", "주차보조"))).isEqualTo("name: 주차보조\n");
    }
}
