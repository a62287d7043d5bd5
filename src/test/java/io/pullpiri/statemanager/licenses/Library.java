// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.licenses;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.StreamSupport;

/**
 * A library in the program's jar, as the bill of materials lists it.
 *
 * @param licenses the SPDX ids, or the names of licenses that have none
 */
record Library(String group, String name, String version, SortedSet<String> licenses) {

    private static final String BILL_OF_MATERIALS = "/META-INF/sbom/statemanager.cdx.json";

    /** Returns all libraries in the order of their coordinates. */
    static List<Library> all() throws IOException {
        try (InputStream in = Library.class.getResourceAsStream(BILL_OF_MATERIALS)) {
            JsonNode bill = new ObjectMapper().readTree(Objects.requireNonNull(in, BILL_OF_MATERIALS));
            return StreamSupport.stream(bill.path("components").spliterator(), false)
                    .map(Library::of)
                    .sorted(Comparator.comparing(Library::coordinates))
                    .toList();
        }
    }

    private static Library of(JsonNode component) {
        SortedSet<String> licenses = new TreeSet<>();
        for (JsonNode each : component.path("licenses")) {
            JsonNode license = each.path("license");
            licenses.add(
                    each.has("expression")
                            ? each.path("expression").asText()
                            : license.path("id").asText(license.path("name").asText()));
        }
        return new Library(
                component.path("group").asText(),
                component.path("name").asText(),
                component.path("version").asText(),
                licenses);
    }

    String coordinates() {
        return group + ":" + name;
    }
}
