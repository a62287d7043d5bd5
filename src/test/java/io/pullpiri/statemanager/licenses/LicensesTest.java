// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.licenses;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Licenses of everything in the jar, by its bill of materials. */
class LicensesTest {

    private static Library library(String group, String... licenses) {
        return new Library(group, "name", "1", new TreeSet<>(List.of(licenses)));
    }

    @Test
    void everyLibraryInTheJar_hasAnAllowedLicense() throws IOException {
        List<Library> libraries = Library.all();
        assertThat(libraries)
                .hasSizeGreaterThan(60)
                .extracting(Library::coordinates)
                .contains("org.mvnpm:echarts");
        assertThat(libraries.stream()
                        .filter(library -> !ThirdParty.refused(library).isEmpty())
                        .map(library -> library.coordinates() + ": " + ThirdParty.refused(library)))
                .as(
                        "libraries whose license is not in ThirdParty.ALLOWED: use another library, or allow it with a reason")
                .isEmpty();
    }

    @Test
    void licenseThatIsNotAllowed_isRefused() {
        assertThat(ThirdParty.refused(library("a", "GPL-3.0-only"))).containsExactly("GPL-3.0-only");
        assertThat(ThirdParty.refused(library("a", "Apache-2.0", "CDDL-1.1"))).containsExactly("CDDL-1.1");
        assertThat(ThirdParty.refused(library("a"))).containsExactly("none stated");
        assertThat(ThirdParty.refused(library("ch.qos.logback", "EPL-2.0", "LGPL-2.1-only")))
                .as("a choice of two licenses")
                .isEmpty();
        assertThat(ThirdParty.refused(library("ch.qos.logback", "LGPL-2.1-only")))
                .containsExactly("LGPL-2.1-only");
    }

    @Test
    void everyLibraryThatNeedsItsOwnText_hasItInTheJar() throws IOException {
        for (Library library : Library.all()) {
            String file = ThirdParty.textFile(library);
            if (file == null) {
                assertThat(ThirdParty.isUnderApacheAlone(library))
                        .as("%s needs a text in %s", library, ThirdParty.TEXTS)
                        .isTrue();
            } else {
                assertThat(ThirdParty.TEXTS.resolve(file)).isNotEmptyFile();
                assertThat(Library.class.getResource("/META-INF/licenses/" + file))
                        .isNotNull();
            }
        }
    }

    @Test
    void thirdPartyDocument_fitsTheBillOfMaterials() throws IOException {
        assertThat(Files.readString(ThirdParty.DOCUMENT))
                .as("run: make third-party")
                .isEqualTo(ThirdParty.document(Library.all()));
    }
}
