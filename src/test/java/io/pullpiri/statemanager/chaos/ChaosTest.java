// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A short {@code make chaos}: acknowledged changes survive kills. */
@Tag("chaos")
@Tag("etcd")
class ChaosTest {

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void chaosOnOneEtcd_keepsAllGuarantees() throws Exception {
        kill(5, OneEtcd::new);
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void chaosOnThreeEtcds_keepsAllGuarantees() throws Exception {
        kill(5, ThreeEtcds::new);
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void chaosOnSqlite_keepsAllGuarantees() throws Exception {
        kill(3, OneFile::new);
    }

    private static void kill(int times, Function<Random, Backing> backing) throws Exception {
        Random random = new Random(1);
        try (Backing store = backing.apply(random);
                Chaos chaos = new Chaos(random, store)) {
            System.out.println(chaos.run(times));
        }
    }
}
