// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.grpc.MessagesFuzz;
import io.pullpiri.statemanager.testing.OneLine;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs the fuzz targets without the fuzzer ({@code make fuzz}), on valid inputs and on thousands of randomly damaged ones. */
@Tag("slow")
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class FuzzTargetsTest {

    private static final int DAMAGED = 4_000;

    /** Characters and texts that have a meaning for a reader or a writer of the text. */
    private static final byte[] ODD = "/<}\n\"'".getBytes(StandardCharsets.US_ASCII);

    @Test
    void anyYaml_isAnArtifactOrABrokenOne() {
        check(FuzzSeeds.yaml(), YamlFuzz::run);
    }

    @Test
    void anyStoreContent_isReadAndRepaired() {
        check(FuzzSeeds.store(), StoreFuzz::run);
    }

    @Test
    void anyMessage_isRejectedWithAReasonOrAccepted() {
        check(FuzzSeeds.messages(), MessagesFuzz::run);
    }

    /** @param target gets an input and a consumer of refusals, and returns its result */
    private static void check(List<byte[]> seeds, BiFunction<byte[], Consumer<String>, Collection<?>> target) {
        for (byte[] sound : seeds) {
            List<String> refusals = new ArrayList<>();
            assertThat(target.apply(sound, refusals::add)).isNotEmpty();
            assertThat(refusals).as("refusals of a valid input").isEmpty();
            for (int at = 0; at < sound.length; at++) {
                byte[] input = sound.clone();
                input[at] = '/'; // also within a name
                run(target, input);
            }
        }
        Random random = new Random(1);
        for (int i = 0; i < DAMAGED; i++) {
            byte[] input = seeds.get(i % seeds.size()).clone();
            for (int damages = 1 + random.nextInt(4); damages > 0; damages--) {
                input = damaged(input, random);
            }
            run(target, input);
        }
    }

    private static void run(BiFunction<byte[], Consumer<String>, Collection<?>> target, byte[] input) {
        try {
            var _ = target.apply(input, OneLine::require);
        } catch (RuntimeException | Error e) {
            throw new AssertionError("input " + HexFormat.of().formatHex(input), e);
        }
    }

    private static byte[] damaged(byte[] input, Random random) {
        if (input.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        int at = random.nextInt(input.length);
        int end = Math.min(input.length, at + 1 + random.nextInt(20));
        switch (random.nextInt(4)) {
            case 0 -> input[at] = random.nextBoolean() ? (byte) random.nextInt() : ODD[random.nextInt(ODD.length)];
            case 1 -> input[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> { // cut out
                byte[] shorter = Arrays.copyOf(input, input.length - (end - at));
                System.arraycopy(input, end, shorter, at, input.length - end);
                return shorter;
            }
            default -> { // twice
                byte[] longer = Arrays.copyOf(input, input.length + (end - at));
                System.arraycopy(input, at, longer, end, input.length - at);
                return longer;
            }
        }
        return input;
    }
}
