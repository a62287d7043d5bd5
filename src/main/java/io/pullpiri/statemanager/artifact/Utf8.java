package io.pullpiri.statemanager.artifact;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/** Decodes bytes that a person sent. Java's own decoding replaces what is not UTF-8, and the text is then another one. */
public final class Utf8 {

    private Utf8() {}

    /**
     * Decodes the bytes of a file or of a request's body. A byte order mark at the beginning stays.
     *
     * @throws BrokenArtifactException if they are not UTF-8; the message has the first wrong byte and its offset, from 0
     */
    public static String decode(byte[] bytes) throws BrokenArtifactException {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length); // a character has at least one byte
        CoderResult result = decoder.decode(in, out, true);
        if (result.isError()) {
            throw new BrokenArtifactException("is not UTF-8: byte 0x%02X at offset %d (expected: UTF-8 text)"
                    .formatted(bytes[in.position()], in.position()));
        }
        return out.flip().toString();
    }
}
