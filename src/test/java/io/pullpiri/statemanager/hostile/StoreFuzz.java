// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.testing.FuzzInput;
import io.pullpiri.statemanager.testing.OneLine;
import io.pullpiri.statemanager.testing.OwnKeys;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/**
 * Any content of StateManager's keys is read and repaired, and the next start has nothing to repair.
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
            Keys.journal(3),
            Keys.JOURNAL_PREFIX + "x");

    private StoreFuzz() {}

    /** Maps the byte of a piece to a key. */
    static int kind(String key) {
        int kind = KEYS.indexOf(key);
        if (kind < 0) {
            throw new IllegalArgumentException(key);
        }
        return kind;
    }

    /** @param input pieces: a byte that chooses the key, two for the length of the value, the value */
    public static void fuzzerTestOneInput(byte[] input) {
        run(input, OneLine::require);
    }

    /**
     * @param complaints gets the messages for an operator, and the repairs
     * @return the keys of states at the end
     */
    static List<String> run(byte[] input, Consumer<String> complaints) {
        CascadeRig world = new CascadeRig();
        for (FuzzInput pieces = new FuzzInput(ByteBuffer.wrap(input)); pieces.next(); ) {
            world.foreignUnseen(
                    KEYS.get(pieces.kind() % KEYS.size()), new String(pieces.bytes(), StandardCharsets.UTF_8));
        }
        int first = world.restart();
        if (first != 1) {
            complaints.accept("the first start had " + first + " transactions to make");
        }
        int more = world.restart();
        if (more != 1) {
            throw new AssertionError("the second start had " + more + " transactions to make, not its fence alone");
        }
        world.notices().forEach(complaints);
        OwnKeys.requireAll(world.keys());
        return world.states();
    }
}
