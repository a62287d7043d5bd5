package io.pullpiri.statemanager.hostile;

import io.pullpiri.statemanager.cascade.World;
import io.pullpiri.statemanager.store.Keys;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Whatever the store holds under our keys, it is read and mended, and the next start finds nothing more to mend.
 */
public final class StoreFuzz {

    private static final List<String> KEYS = List.of(
            Keys.packageState("p"),
            Keys.modelState("m"),
            Keys.scenarioState("s"),
            Keys.artifact("Package", "p"),
            Keys.artifact("Scenario", "s"),
            Keys.artifact("Model", "m"),
            Keys.reconcile("p"),
            Keys.node("n"),
            Keys.node("o"),
            Keys.journal(1),
            Keys.journal(2),
            Keys.JOURNAL_PREFIX + "x");

    private StoreFuzz() {}

    /** @param input pieces: a byte that chooses the key, two for the length of the value, the value */
    public static void fuzzerTestOneInput(byte[] input) {
        World world = new World();
        for (Pieces pieces = new Pieces(ByteBuffer.wrap(input)); pieces.next(); ) {
            world.foreignUnseen(
                    KEYS.get(pieces.kind() % KEYS.size()), new String(pieces.bytes(), StandardCharsets.UTF_8));
        }
        world.restart();
        int more = world.restart();
        if (more != 1) {
            throw new AssertionError("the second start had " + more + " transactions to make, not its fence alone");
        }
    }
}
