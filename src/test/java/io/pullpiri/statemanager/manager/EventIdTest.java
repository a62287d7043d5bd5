// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.manager;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventIdTest {

    @ParameterizedTest
    @ValueSource(strings = {"0.0", "42.3", "999999999999999999.999999999"})
    void eventId_isReadAsItIsWritten(String text) {
        assertThat(EventId.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "42",
                "42.",
                ".3",
                "-1.0",
                "1.-1",
                "1.2.3",
                " 1.2",
                "1.2 ",
                "1,2",
                "1000000000000000000.0",
                "1.1000000000"
            })
    void invalidText_isNoEventId(String text) {
        assertThat(EventId.parse(text)).isNull();
    }

    @Test
    void order_isByRecordFirst() {
        EventId[] ordered = {new EventId(1, 9), new EventId(2, 0), new EventId(2, 1), new EventId(10, 0)};
        for (int i = 0; i < ordered.length; i++) {
            for (int j = 0; j < ordered.length; j++) {
                assertThat(Integer.signum(ordered[i].compareTo(ordered[j]))).isEqualTo(Integer.compare(i, j));
            }
        }
    }
}
