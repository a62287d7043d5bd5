// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A short {@code make soak}, which shows only fast growth. */
@Tag("chaos")
@Tag("etcd")
class SoakTest {

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void longRun_staysWithinItsResourceBounds() throws Exception {
        System.out.println(Soak.run(Duration.ofSeconds(60)));
    }
}
