package io.pullpiri.statemanager.web;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** The dashboard's files, from the program itself. */
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

    private Assets() {}

    /**
     * The file of a path; null if there is none.
     *
     * @param known the entity tag that the caller has already
     */
    static @Nullable Reply reply(String path, @Nullable String known) throws IOException {
        String file = path.equals("/") ? "/index.html" : path;
        String type = TYPES.get(file.substring(file.lastIndexOf('.') + 1));
        if (type == null || !PATH.matcher(file).matches()) {
            return null;
        }
        try (InputStream in = Assets.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                return null;
            }
            byte[] content = in.readAllBytes();
            CRC32C sum = new CRC32C();
            sum.update(content);
            // Weak: the same content may come compressed or not.
            String tag = "W/\"" + Long.toHexString(sum.getValue()) + "-" + content.length + "\"";
            Map<String, String> headers = Map.of("ETag", tag, "Cache-Control", "no-cache");
            return tag.equals(known)
                    ? new Reply(304, type, Reply.Body.of(new byte[0]), headers)
                    : new Reply(200, type, Reply.Body.of(content), headers);
        }
    }
}
