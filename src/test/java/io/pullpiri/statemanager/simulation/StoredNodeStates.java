// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pullpiri.statemanager.testing.SpecificationTables;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The container states in a stored node record, by container name. */
record StoredNodeStates(Map<String, String> containers) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Returns the states of the containers that the node's last list named. */
    static StoredNodeStates of(@Nullable String stored) {
        return of(stored, container -> !container.has("absentSinceMillis"));
    }

    /** Returns the states in a node record with missing containers that still count. */
    static StoredNodeStates counted(@Nullable String stored) {
        return of(stored, container -> true);
    }

    /** Returns the states of containers that are gone and still count, because they were dead. */
    static StoredNodeStates removed(@Nullable String stored) {
        return of(stored, container -> container.path("absence").asText().equals("REMOVED"));
    }

    private static StoredNodeStates of(@Nullable String stored, Predicate<JsonNode> wanted) {
        Map<String, String> containers = new TreeMap<>();
        try {
            for (JsonNode container :
                    JSON.readTree(stored == null ? "{}" : stored).path("containers")) {
                if (wanted.test(container)) {
                    containers.put(
                            container.path("name").asText(),
                            container.path("state").asText("CREATED"));
                }
            }
        } catch (JsonProcessingException e) {
            throw new Witness.Broken("no JSON in a node's record: " + stored);
        }
        return new StoredNodeStates(containers);
    }

    /** Returns the states of the model's containers. */
    Stream<String> ofModel(String model) {
        return containers.entrySet().stream()
                .filter(container -> container.getKey().startsWith(model + "_"))
                .map(Map.Entry::getValue);
    }

    /** Whether it equals one of these reports. */
    boolean isOneOf(List<List<String>> reports) {
        return reports.stream().anyMatch(report -> containers.equals(expected(report)));
    }

    /** Returns the container states of a report, by container name. */
    static Map<String, String> expected(List<String> report) {
        Map<String, String> expected = new TreeMap<>();
        for (String container : report) {
            String name = container.substring(container.indexOf('/') + 1, container.indexOf('='));
            expected.put(name, SpecificationTables.containerState(container.substring(container.indexOf('=') + 1)));
        }
        return expected;
    }
}
