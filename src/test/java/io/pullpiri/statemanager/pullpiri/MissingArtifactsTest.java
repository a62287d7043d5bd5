// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MissingArtifactsTest {

    private static final long CONFIRMATION = Duration.ofSeconds(4).toNanos();

    private final MissingArtifacts missing = new MissingArtifacts(Duration.ofSeconds(4));

    private static Set<String> packages(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "Package/" + i).collect(Collectors.toSet());
    }

    @Test
    void artifact_isMissingAfterTwoReadsFourSecondsApart() {
        assertThat(missing.read(packages(0, 9), packages(1, 9), 0)).isEmpty();
        assertThat(missing.read(packages(0, 9), packages(1, 9), CONFIRMATION - 1))
                .isEmpty();
        assertThat(missing.read(packages(0, 9), packages(1, 9), CONFIRMATION)).containsExactly("Package/0");
    }

    @Test
    void artifactThatIsPresentAgain_isConfirmedFromTheStart() {
        missing.read(packages(0, 9), packages(1, 9), 0);
        missing.read(packages(0, 9), packages(0, 9), CONFIRMATION / 2);
        assertThat(missing.read(packages(0, 9), packages(1, 9), CONFIRMATION)).isEmpty();
        assertThat(missing.read(packages(0, 9), packages(1, 9), 2 * CONFIRMATION))
                .containsExactly("Package/0");
    }

    // [utest->req~mir-deletion~1]
    @Test
    void wipedDatabase_deletesNothingUntilAnOperatorAccepts() {
        assertThat(missing.read(packages(0, 7), Set.of(), 0)).isEmpty();
        long later = Duration.ofDays(1).toNanos();
        assertThat(missing.read(packages(0, 7), Set.of(), later)).isEmpty();
        assertThat(missing.isHeld()).isTrue();
        assertThat(missing.accept()).hasSize(7);
        assertThat(missing.read(packages(0, 7), Set.of(), later + 1)).hasSize(7);
        assertThat(missing.isHeld()).isFalse();
    }

    @Test
    void databaseThatFillsAgain_staysHeldUntilItIsCompleteOrAccepted() {
        missing.read(packages(0, 7), Set.of(), 0);
        assertThat(missing.read(packages(0, 7), packages(1, 7), 2 * CONFIRMATION))
                .isEmpty();
        assertThat(missing.isHeld()).isTrue();
        missing.read(packages(0, 7), packages(0, 7), 3 * CONFIRMATION);
        assertThat(missing.isHeld()).isFalse();
        assertThat(missing.accept()).isEmpty();
    }

    @Test
    void acceptance_coversWhatWasMissingThenOnly() {
        missing.read(packages(0, 10), packages(6, 10), 0);
        assertThat(missing.accept()).hasSize(6);
        assertThat(missing.read(packages(0, 10), packages(9, 10), CONFIRMATION)).isEmpty();
        assertThat(missing.isHeld()).isTrue();
    }

    // [utest->req~mir-deletion~1]
    @Test
    void threeOfAnyNumberOrHalfOfThem_areDeletedWithoutAConfirmation() {
        missing.read(packages(0, 3), Set.of(), 0);
        assertThat(missing.read(packages(0, 3), Set.of(), CONFIRMATION)).hasSize(3);
        missing.read(packages(0, 8), packages(4, 8), 0);
        assertThat(missing.read(packages(0, 8), packages(4, 8), CONFIRMATION)).hasSize(4);
        missing.read(packages(0, 7), packages(0, 7), 0);
        missing.read(packages(0, 7), packages(4, 7), 0);
        assertThat(missing.read(packages(0, 7), packages(4, 7), CONFIRMATION))
                .as("4 of 7")
                .isEmpty();
        assertThat(missing.isHeld()).isTrue();
    }

    @Test
    void artifactsThatTheMirrorDidNotBring_areNotMissing() {
        missing.read(Set.of(), Set.of(), 0);
        assertThat(missing.read(Set.of(), packages(0, 5), CONFIRMATION)).isEmpty();
        assertThat(missing.isHeld()).isFalse();
    }
}
