// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.licenses;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes THIRD-PARTY.md, and decides which licenses may be in the jar. */
final class ThirdParty {

    static final Path DOCUMENT = Path.of("THIRD-PARTY.md");
    static final Path TEXTS = Path.of("src/main/resources/META-INF/licenses");

    /** The licenses that may be in the jar, by SPDX id. All permit use in a product; EPL-2.0 asks for the source of changes. */
    private static final Set<String> ALLOWED = Set.of("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "EPL-2.0", "MIT");

    private static final String OURS = "Apache-2.0";

    /** The license under which a library is used that offers a choice, by group. */
    private static final Map<String, String> CHOSEN = Map.of("ch.qos.logback", "EPL-2.0");

    /** The license that the text of a library is, by group, where its pom has only an ambiguous name. */
    private static final Map<String, String> CORRECTED = Map.of("org.jline", "BSD-3-Clause");

    /** The file in {@link #TEXTS} with the texts that Apache-2.0 does not cover, by the beginning of the coordinates. */
    private static final Map<String, String> TEXT_FILES = Map.of(
            "ch.qos.logback:", "LICENSE-logback.txt",
            "com.google.protobuf:", "LICENSE-protobuf.txt",
            "org.codehaus.mojo:animal-sniffer-annotations", "LICENSE-animal-sniffer.txt",
            "org.jline:", "LICENSE-jline.txt",
            "org.mvnpm:echarts", "LICENSE-echarts.txt",
            "org.mvnpm:lit-html", "LICENSE-lit-html.txt",
            "org.pcollections:", "LICENSE-pcollections.txt",
            "org.slf4j:", "LICENSE-slf4j.txt",
            "org.webjars.npm:tanstack__virtual-core", "LICENSE-virtual-core.txt",
            "org.xerial:sqlite-jdbc", "LICENSE-sqlite-jdbc.txt");

    private static final String HEAD = """
            # Third-party content

            `make third-party` writes this page from the bill of materials in the jar (`META-INF/sbom/statemanager.cdx.json`).
            `LicensesTest` fails if it is out of date, and if a library has a license that is not allowed.

            ## Libraries in the program

            Libraries under Apache-2.0 are used under the text in [LICENSE](LICENSE). Their notices are merged into `META-INF/NOTICE` of
            the jar. The other texts are in `META-INF/licenses/` of the jar.

            | library | version | license | text |
            |---|---|---|---|
            """;

    private static final String TAIL = """

            ## Inside these libraries

            | part | inside | license |
            |---|---|---|
            | SQLite | sqlite-jdbc | public domain |
            | JCTools | netty-common | Apache-2.0 |
            | FastDoubleParser, Schubfach | jackson-core | MIT; the texts are in the jar's `META-INF` |
            | zrender, d3 | echarts | BSD-3-Clause; `LICENSE-echarts.txt` |
            | tslib | echarts | 0BSD; `LICENSE-echarts.txt` |

            ## In the package and in the image

            The Debian package and the container image also contain a Java runtime: OpenJDK, as Eclipse Temurin builds it, under GPL-2.0
            with the Classpath Exception. Its notices are in the runtime's folder `legal/`.
            """;

    private ThirdParty() {}

    public static void main(String[] args) throws IOException {
        Files.writeString(DOCUMENT, document(Library.all()));
    }

    /** Returns the text of THIRD-PARTY.md. */
    static String document(List<Library> libraries) {
        return libraries.stream().map(ThirdParty::row).collect(Collectors.joining("", HEAD, TAIL));
    }

    private static String row(Library library) {
        String file = textFile(library);
        String text = file == null ? "[LICENSE](LICENSE)" : "[" + file + "](" + TEXTS + "/" + file + ")";
        return "| " + library.coordinates() + " | " + library.version() + " | " + String.join(", ", licenses(library))
                + " | " + text + " |\n";
    }

    /** Returns the licenses that apply: all that the library states, or the chosen one. */
    private static Set<String> licenses(Library library) {
        String corrected = CORRECTED.get(library.group());
        if (corrected != null) {
            return Set.of(corrected);
        }
        String chosen = CHOSEN.get(library.group());
        return chosen != null && library.licenses().contains(chosen) ? Set.of(chosen) : library.licenses();
    }

    /** Returns the licenses of the library that are not allowed. A library without a license has one that is not allowed. */
    static Set<String> refused(Library library) {
        Set<String> refused = new TreeSet<>(licenses(library));
        if (refused.isEmpty()) {
            refused.add("none stated");
        }
        refused.removeAll(ALLOWED);
        return refused;
    }

    /** Returns the file with the texts of a library; null if Apache-2.0 is all. */
    static @Nullable String textFile(Library library) {
        return TEXT_FILES.entrySet().stream()
                .filter(entry -> library.coordinates().startsWith(entry.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    /** Whether LICENSE is the only text that the library needs. */
    static boolean isUnderApacheAlone(Library library) {
        return licenses(library).equals(Set.of(OURS));
    }
}
