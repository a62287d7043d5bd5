package io.pullpiri.statemanager.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The simulation notices what is broken on purpose. */
class SabotageTest {

    private static final int SEEDS = 2_000;

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void sabotageIsNoticed(Sabotage sabotage) {
        long days = LongStream.rangeClosed(1, SEEDS)
                .takeWhile(seed -> Simulation.run(Day.of(seed), sabotage, new Counts(), line -> {}) == null)
                .count();
        System.out.printf("%s: noticed on day %d%n", sabotage, days + 1);
        assertThat(days).as("days on which nothing was noticed").isLessThan(SEEDS);
    }
}
