// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.container;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PodmanTimeTest {

    @ParameterizedTest
    @CsvSource({
        "1970-01-01T00:00:00Z, 0",
        "1970-01-01T00:00:01.5Z, 1500000000",
        "2026-11-28T07:48:24.126417583Z, 1795852104126417583",
        "2026-11-28T16:48:24.126417583+09:00, 1795852104126417583",
        "2026-11-28T02:18:24.126417583-05:30, 1795852104126417583",
        "2262-04-11T23:47:15Z, 9223372035000000000"
    })
    void time_isReadWithItsOffset(String text, long nanos) {
        assertThat(PodmanTime.nanos(text)).isEqualTo(nanos);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0001-01-01T00:00:00Z",
                "1969-12-31T23:59:59Z",
                "2262-04-11T23:47:17Z",
                "9999-12-31T23:59:59Z",
                "2026-11-28",
                "2026-11-28T07:48:24",
                "2026-13-28T07:48:24Z",
                "yesterday"
            })
    void textThatIsNoTimeSince1970_isUnknown(String text) {
        assertThat(PodmanTime.nanos(text)).isZero();
    }
}
