// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** The files of the dashboard, from the program's resources. Each is read and compressed once, and all answers share it. */
final class Assets {

    private static final String FOLDER = "/web";
    private static final Pattern PATH = Pattern.compile("(/[a-z0-9][a-zA-Z0-9_-]*)*(/[a-z0-9][a-zA-Z0-9_.-]*)");
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "json", "application/json",
            "svg", "image/svg+xml",
            "yaml", "application/yaml");

    /** The files that were read. Unknown paths are not kept, so their number is bounded. */
    private final Map<String, Asset> files = new ConcurrentHashMap<>();

    /** A file in memory outside the heap, from which it is sent without a copy. */
    private record Asset(String type, String tag, ByteBuf plain, ByteBuf compressed) {}

    /**
     * Returns the file of a path; null if there is none.
     *
     * @param known the entity tag of the file that the caller has; null for none
     */
    @Nullable
    Reply reply(String path, @Nullable String known) {
        Asset file = file(path.equals("/") ? "/index.html" : path);
        if (file == null) {
            return null;
        }
        Map<String, String> headers = Map.of("ETag", file.tag, "Cache-Control", "no-cache");
        return file.tag.equals(known)
                ? new Reply(304, file.type, new Reply.Body.Bytes(new byte[0]), headers)
                : new Reply(200, file.type, new Reply.Body.Shared(file.plain, file.compressed), headers);
    }

    private @Nullable Asset file(String path) {
        String type = TYPES.get(path.substring(path.lastIndexOf('.') + 1));
        if (type == null || !PATH.matcher(path).matches()) {
            return null;
        }
        Asset known = files.get(path);
        if (known != null) {
            return known;
        }
        Asset read = read(path, type);
        Asset meanwhile = read == null ? null : files.putIfAbsent(path, read);
        return meanwhile == null ? read : meanwhile;
    }

    private static @Nullable Asset read(String path, String type) {
        try (InputStream in = Assets.class.getResourceAsStream(FOLDER + path)) {
            if (in == null) {
                return null;
            }
            byte[] content = in.readAllBytes();
            CRC32C sum = new CRC32C();
            sum.update(content);
            // A weak tag, because the content can be sent compressed or not.
            String tag = "W/\"" + Long.toHexString(sum.getValue()) + "-" + content.length + "\"";
            return new Asset(type, tag, shared(content), shared(compressed(content)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Compresses bytes with gzip. */
    static byte[] compressed(byte[] content) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream(content.length / 3 + 64);
        try (GZIPOutputStream out = new GZIPOutputStream(compressed)) {
            out.write(content);
        }
        return compressed.toByteArray();
    }

    private static ByteBuf shared(byte[] content) {
        ByteBuffer direct =
                ByteBuffer.allocateDirect(content.length).put(content).flip();
        return Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(direct));
    }
}
