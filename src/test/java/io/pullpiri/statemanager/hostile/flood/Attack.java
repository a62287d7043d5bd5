// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import java.util.function.IntFunction;

/**
 * One kind of hostile client: many connections that send prepared bytes and then misbehave in one manner.
 *
 * @param name its name in the report
 * @param port the port that it connects to
 * @param connections how many connections it has at most
 * @param script the bytes that a connection sends, by the connection's number; the same array may be returned each time
 * @param manner how a connection misbehaves
 */
record Attack(String name, Port port, int connections, IntFunction<byte[]> script, Manner manner) {

    @Override
    public String toString() {
        return port + ": " + name;
    }

    /** A port of the server. */
    enum Port {
        GRPC,
        FAULTS,
        HTTP
    }

    /** The behavior of a connection during and after its script. */
    enum Manner {
        /** Reads everything, and stays open; connects again when the server closes the connection. */
        WAIT,
        /** As {@link #WAIT}, but reads only 80 bytes a second. */
        SIP,
        /** As {@link #WAIT}, but sends only ten bytes, five times a second. */
        TRICKLE,
        /** Reads everything; closes half a second after the script was sent and connects again. */
        REPEAT,
        /** Ends the connection with a reset as soon as the script was sent and connects again. */
        RESET
    }
}
