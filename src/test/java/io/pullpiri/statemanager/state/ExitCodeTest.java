// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExitCodeTest {

    private static final Set<Integer> CLEAN = Set.of(0, 143, 255);

    @ParameterizedTest
    @ValueSource(strings = {" ", "1 ", " 1", "1.0", "1e3", "0x1F", "-", "+", "--1", "+-1", "٣", "1_000", "one", "1\n"})
    void textThatIsNoInteger_isNoExitCode(String text) {
        assertThat(ExitCode.isInteger(text)).isFalse();
        assertThat(ExitCode.isOtherThanZero(text)).isFalse();
    }

    /** Compares with arithmetic on big integers. */
    // [utest->req~con-exit-code~1]
    @Property(tries = 1000)
    void anyInteger_isComparedByItsValue(@ForAll long seed) {
        Random random = new Random(seed);
        BigInteger value = random.nextBoolean()
                ? BigInteger.valueOf(random.nextInt(-300, 300))
                : new BigInteger(random.nextInt(200), random);
        String text = "0".repeat(random.nextInt(3)) + value.abs();
        text = value.signum() < 0 ? "-" + text : random.nextBoolean() ? "+" + text : text;
        assertThat(ExitCode.isInteger(text)).as(text).isTrue();
        assertThat(ExitCode.isOtherThanZero(text)).as(text).isEqualTo(value.signum() != 0);
        boolean clean = CLEAN.stream().anyMatch(code -> BigInteger.valueOf(code).equals(value));
        assertThat(ExitCode.isClean(text, CLEAN)).as(text).isEqualTo(clean);
    }

    @Test
    void missingExitCode_isZero() {
        assertThat(ExitCode.isInteger("")).isTrue();
        assertThat(ExitCode.isClean("", Set.of())).isTrue();
        assertThat(ExitCode.isOtherThanZero("")).isFalse();
    }

    @Test
    void exitCodeOfAMillionDigits_isRead() {
        String text = "7".repeat(4 << 20);
        assertThat(ExitCode.isInteger(text)).isTrue();
        assertThat(ExitCode.isClean(text, CLEAN)).isFalse();
        assertThat(ExitCode.isClean("0".repeat(4 << 20), CLEAN)).isTrue();
    }
}
