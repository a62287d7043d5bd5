// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.state;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/** Decodes UTF-8 strictly. Java's default decoding would silently replace bytes that are not UTF-8. */
public final class Utf8 {

    private Utf8() {}

    /** Bytes that are not UTF-8. The message gives the first wrong byte and its offset, and continues the name of the source. */
    public static final class MalformedException extends CharacterCodingException {

        private static final long serialVersionUID = 1L;

        private final String message;

        private MalformedException(byte wrong, int offset) {
            this.message = "is not UTF-8: byte 0x%02X at offset %d (expected: UTF-8 text)".formatted(wrong, offset);
        }

        @Override
        public String getMessage() {
            return message;
        }
    }

    /**
     * Decodes the bytes of a file or of a request's body. A byte order mark at the beginning is kept.
     *
     * @throws MalformedException if they are not UTF-8
     */
    public static String decode(byte[] bytes) throws MalformedException {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length); // a character has at least one byte
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            throw new MalformedException(bytes[in.position()], in.position());
        }
        return out.flip().toString();
    }
}
