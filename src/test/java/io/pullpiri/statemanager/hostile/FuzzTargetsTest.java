package io.pullpiri.statemanager.hostile;

import io.pullpiri.statemanager.grpc.MessagesFuzz;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The fuzz targets without the fuzzer ({@code make fuzz}): sound inputs, and thousands that were damaged at random. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class FuzzTargetsTest {

    private static final int DAMAGED = 5_000;

    @Test
    void yaml() {
        damage(FuzzSeeds.yaml(), YamlFuzz::fuzzerTestOneInput);
    }

    @Test
    void store() {
        damage(FuzzSeeds.store(), StoreFuzz::fuzzerTestOneInput);
    }

    @Test
    void messages() {
        damage(FuzzSeeds.messages(), MessagesFuzz::fuzzerTestOneInput);
    }

    private static void damage(List<byte[]> seeds, Consumer<byte[]> target) {
        Random random = new Random(1);
        for (int i = 0; i < DAMAGED; i++) {
            byte[] input = seeds.get(i % seeds.size()).clone();
            for (int damages = i < seeds.size() ? 0 : 1 + random.nextInt(4); damages > 0; damages--) {
                input = damaged(input, random);
            }
            try {
                target.accept(input);
            } catch (RuntimeException | Error e) {
                throw new AssertionError("input " + HexFormat.of().formatHex(input), e);
            }
        }
    }

    private static byte[] damaged(byte[] input, Random random) {
        if (input.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        int at = random.nextInt(input.length);
        int end = Math.min(input.length, at + 1 + random.nextInt(20));
        switch (random.nextInt(4)) {
            case 0 -> input[at] = (byte) random.nextInt();
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
