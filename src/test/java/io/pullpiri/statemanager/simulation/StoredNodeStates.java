package io.pullpiri.statemanager.simulation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pullpiri.statemanager.testing.SpecificationTables;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the store says that a node has reported: the states of the containers that it named, by their names. */
record StoredNodeStates(Map<String, String> containers) {

    private static final ObjectMapper JSON = new ObjectMapper();

    static StoredNodeStates of(@Nullable String stored) {
        return of(stored, false);
    }

    /** The same with those that the node has stopped naming, and that count still. */
    static StoredNodeStates counted(@Nullable String stored) {
        return of(stored, true);
    }

    private static StoredNodeStates of(@Nullable String stored, boolean absent) {
        Map<String, String> containers = new TreeMap<>();
        try {
            for (JsonNode container :
                    JSON.readTree(stored == null ? "{}" : stored).path("containers")) {
                if (absent || !container.has("absentSinceMillis")) {
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

    /** The states of the model's containers. */
    Stream<String> ofModel(String model) {
        return containers.entrySet().stream()
                .filter(container -> container.getKey().startsWith(model + "_"))
                .map(Map.Entry::getValue);
    }

    /** Whether it says what one of these reports says. */
    boolean isOneOf(List<List<String>> reports) {
        return reports.stream().anyMatch(report -> containers.equals(expected(report)));
    }

    /** The states of the containers that a report names, by their names. */
    static Map<String, String> expected(List<String> report) {
        Map<String, String> expected = new TreeMap<>();
        for (String container : report) {
            String name = container.substring(container.indexOf('/') + 1, container.indexOf('='));
            expected.put(name, SpecificationTables.containerState(container.substring(container.indexOf('=') + 1)));
        }
        return expected;
    }
}
