package io.pullpiri.statemanager.chaos;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A few of the kills of {@code make chaos}. */
class ChaosTest {

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void whatIsAcknowledgedSurvivesKillsAndCuts() throws Exception {
        try (Chaos chaos = new Chaos(1)) {
            System.out.println(chaos.run(6));
        }
    }
}
