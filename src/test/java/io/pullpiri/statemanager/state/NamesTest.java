// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules for names: 1 to 253 bytes of UTF-8, without slash, {@code < > ? { }} and control characters. */
class NamesTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "cluster-3-helloworld",
                "브레이크",
                "with space",
                "a.b_c:d",
                "\uD83D\uDE97",
                "\uD83D\uDE97\uD83D\uDE97"
            })
    void validName_isAccepted(String name) {
        assertThat(Names.problem(name)).isNull();
    }

    // [utest->req~sto-key-rules~1]
    @Test
    void nameOf253Bytes_isAcceptedAndOneMoreIsNot() {
        assertThat(Names.problem("n".repeat(253))).isNull();
        assertThat(Names.problem("n".repeat(254))).isEqualTo("has at least 254 bytes (expected: 1..253)");
    }

    @Test
    void nameLength_isCountedInBytes() {
        assertThat(Names.problem("가".repeat(84))).isNull();
        assertThat(Names.problem("가".repeat(84) + "n")).isNull();
        assertThat(Names.problem("가".repeat(85))).isEqualTo("has 255 bytes (expected: 1..253)");
    }

    @ParameterizedTest
    @CsvSource({
        "'',is empty or only spaces (expected: 1..253 bytes)",
        "' ',is empty or only spaces (expected: 1..253 bytes)",
        "a/b,has '/' (expected: a name without '/')",
        "/,has '/' (expected: a name without '/')",
        "a<b,has '<' (expected: none of < > ? { })",
        "a>b,has '>' (expected: none of < > ? { })",
        "a?b,has '?' (expected: none of < > ? { })",
        "{a,has '{' (expected: none of < > ? { })",
        "a},has '}' (expected: none of < > ? { })",
    })
    void invalidName_isRejected(String name, String problem) {
        assertThat(Names.problem(name)).isEqualTo(problem);
    }

    @ParameterizedTest
    @CsvSource({"0000", "000A", "001F", "007F", "0085"})
    void controlCharacter_isNamedByItsNumber(String code) {
        String name = "a" + (char) Integer.parseInt(code, 16);

        assertThat(Names.problem(name)).isEqualTo("has the control character U+" + code + " (expected: none)");
        assertThat(LogText.printable(name + "b")).isEqualTo("a\\u{%X}b".formatted(Integer.parseInt(code, 16)));
    }

    @Test
    void unpairedSurrogate_isRejected() {
        String first = "\uD83D";
        String second = "\uDE97";
        for (String name : List.of("a" + first, first + "a", "a" + second + "b", first + second + second)) {
            assertThat(Names.problem(name)).isEqualTo("is not valid Unicode (expected: UTF-8)");
        }
    }

    @Test
    void excerpt_isOnOneLine() {
        assertThat(LogText.excerpt("a\r\n\u001b[31m\u009b2J\u2028b", 60))
                .isEqualTo("a\\u{D}\\u{A}\\u{1B}[31m\\u{9B}2J\\u{2028}b");
        assertThat(LogText.excerpt("0123456789", 10)).isEqualTo("0123456789");
        assertThat(LogText.excerpt("0123456789a", 10)).isEqualTo("0123456789…");
        assertThat(LogText.excerpt("012345678\uD83D\uDE97", 10))
                .as("the emoji is not cut in half")
                .isEqualTo("012345678…");
    }

    @Test
    void excerpt_isCutBetweenEscapes() {
        assertThat(LogText.excerpt("ab\u200B\u200B", 10)).isEqualTo("ab\\u{200B}…");
    }

    // [utest->req~sto-key-rules~1]
    @ParameterizedTest
    @CsvSource({"00A0", "00AD", "200B", "200F", "202E", "2028", "2029", "2066", "3000", "FEFF", "E0041"})
    void newNameWithInvisibleCharacters_isRejectedAndAStoredOneIsNot(String code) {
        String name = "a" + Character.toString(Integer.parseInt(code, 16)) + "b";

        assertThat(Names.problem(name)).isNull();
        assertThat(Names.problemOfNew(name))
                .isEqualTo("has the invisible character U+" + code + " (expected: visible ones and plain spaces)");
        assertThat(LogText.printable(name)).isEqualTo("a\\u{" + code.replaceFirst("^0+", "") + "}b");
    }

    @Test
    void newName_mayHaveAnyScriptAndPlainSpaces() {
        for (String name : List.of("주차 보조", "türe", "\uD83D\uDE97", "דלת", "a b")) {
            assertThat(Names.problemOfNew(name)).isNull();
            assertThat(LogText.printable(name)).isEqualTo(name);
        }
    }

    @Test
    void key_mayHaveSlashesAndItsOwnLength() {
        assertThat(Names.textProblem("/package/braking/state", 22)).isNull();
        assertThat(Names.textProblem("/package/braking/state", 21))
                .isEqualTo("has at least 22 bytes (expected: 1..21)");
    }

    // [utest->req~sto-values~1]
    @Test
    void stateName_isReadInAnyCaseWithOrWithoutItsPrefix() {
        assertThat(ModelState.parse("Running")).isEqualTo(ModelState.RUNNING);
        assertThat(ModelState.parse("model_state_dead")).isEqualTo(ModelState.DEAD);
        assertThat(ModelState.parse("PACKAGE_STATE_RUNNING")).isNull();
        assertThat(PackageState.parse("PACKAGE_STATE_degraded")).isEqualTo(PackageState.DEGRADED);
        assertThat(ScenarioState.parse("SCENARIO_STATE_Completed")).isEqualTo(ScenarioState.COMPLETED);
    }

    // [utest->req~sto-values~1]
    @Test
    void stateName_isWrittenAsInTheSeedAndTheProtobuf() {
        assertThat(ModelState.DEAD.title()).isEqualTo("Dead");
        assertThat(ModelState.DEAD.protobufName()).isEqualTo("MODEL_STATE_DEAD");
        assertThat(PackageState.ERROR.title()).isEqualTo("Error");
        assertThat(PackageState.ERROR.protobufName()).isEqualTo("PACKAGE_STATE_ERROR");
        assertThat(ScenarioState.COMPLETED.title()).isEqualTo("Completed");
        assertThat(ScenarioState.COMPLETED.protobufName()).isEqualTo("SCENARIO_STATE_COMPLETED");
        assertThat(ContainerState.EXITED.title()).isEqualTo("Exited");
    }
}
