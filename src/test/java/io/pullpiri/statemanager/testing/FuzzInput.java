// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.nio.ByteBuffer;

/** Splits a fuzzer's bytes into pieces: a byte for the kind, two for the length, and the content. */
public final class FuzzInput {

    private final ByteBuffer input;
    private int kind;
    private byte[] bytes = {};

    public FuzzInput(ByteBuffer input) {
        this.input = input;
    }

    /** Goes to the next piece; false if there is none. */
    public boolean next() {
        if (input.remaining() < 3) {
            return false;
        }
        kind = input.get() & 0xff;
        bytes = new byte[Math.min(input.getShort() & 0xffff, input.remaining())];
        input.get(bytes);
        return true;
    }

    /** 0 to 255. */
    public int kind() {
        return kind;
    }

    public byte[] bytes() {
        return bytes;
    }
}
