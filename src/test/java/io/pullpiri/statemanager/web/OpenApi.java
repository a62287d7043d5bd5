// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.artifact.Yaml;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** The OpenAPI document that the server serves. */
final class OpenApi {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final SchemaRegistry REGISTRY =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    private final JsonNode document;

    OpenApi(String yaml) throws BrokenArtifactException {
        document = MAPPER.valueToTree(Yaml.parse(yaml));
    }

    /** {@code GET /health} and so on. */
    Set<String> operations() {
        Set<String> operations = new TreeSet<>();
        document.path("paths")
                .properties()
                .forEach(path -> path.getValue().fieldNames().forEachRemaining(method -> {
                    if (!method.equals("parameters")) {
                        operations.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey());
                    }
                }));
        return operations;
    }

    /** Returns the schema of an operation's answer, with references resolved. */
    String schemaOf(String method, String path, int status, String contentType) {
        JsonNode responses = document.path("paths")
                .path(path)
                .path(method.toLowerCase(Locale.ROOT))
                .path("responses");
        JsonNode response = responses.has(Integer.toString(status))
                ? responses.path(Integer.toString(status))
                : responses.path("default");
        JsonNode resolved = response.has("$ref")
                ? document.at(response.path("$ref").asText().substring(1))
                : response;
        String schema = resolved.path("content")
                .path(contentType)
                .path("schema")
                .path("$ref")
                .asText();
        if (schema.isEmpty()) {
            throw new AssertionError(method + " " + path + " has no " + status + " of " + contentType);
        }
        return schema.substring(schema.lastIndexOf('/') + 1);
    }

    /** Returns the violations of a schema by a value. */
    List<String> problems(String schema, JsonNode value) {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("$ref", "#/components/schemas/" + schema);
        root.set("components", document.path("components"));
        return REGISTRY.getSchema(root).validate(value).stream()
                .map(error -> error.getInstanceLocation() + ": " + error.getMessage() + " in " + value)
                .toList();
    }
}
