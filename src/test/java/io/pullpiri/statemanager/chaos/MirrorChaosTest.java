// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A short {@code make chaos STORE=mirror}: both stores agree after kills. */
@Tag("chaos")
@Tag("etcd")
class MirrorChaosTest {

    // [utest->req~mir-states~1]
    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void chaosOnPullpirisStore_endsWithBothStoresInAgreement() throws Exception {
        try (MirrorChaos chaos = new MirrorChaos(new Random(1))) {
            System.out.println(chaos.run(3));
        }
    }
}
