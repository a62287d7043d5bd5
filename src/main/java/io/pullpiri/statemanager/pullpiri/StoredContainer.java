// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pullpiri.statemanager.container.ContainerFacts;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A container as MonitoringServer stores it: JSON with the fields of a NodeAgent's list.
 *
 * @param node the node's name, which podman has as the container's host name
 */
record StoredContainer(String node, ContainerFacts facts) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Reads a stored container; null for a text that is none. */
    static @Nullable StoredContainer parse(String text) {
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return null;
        }
        Map<String, String> config = map(json.path("config"));
        String node = config.get("Hostname");
        String id = json.path("id").asText();
        if (node == null || id.isEmpty()) {
            return null;
        }
        return new StoredContainer(
                node,
                new ContainerFacts(
                        id,
                        json.path("names").path(0).asText(),
                        json.path("image").asText(),
                        map(json.path("state")),
                        config,
                        map(json.path("annotation"))));
    }

    private static Map<String, String> map(JsonNode json) {
        Map<String, String> map = new TreeMap<>();
        json.properties()
                .forEach(field -> map.put(field.getKey(), field.getValue().asText()));
        return map;
    }
}
