// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The JSON of the commands equals the JSON of REST, for one server. */
class OutputFieldsTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path folder;

    private ServerRig rig;

    @BeforeEach
    void setUp() throws IOException {
        rig = new ServerRig(
                "sqlite:" + folder.resolve("states.db"),
                "127.0.0.1:1",
                // The JSON of REST does not depend on this setting, so the JSON of the commands must not either.
                Map.of(Setting.STATE_NAMES, "protobuf"));
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));
    }

    @AfterEach
    void tearDown() {
        rig.close();
    }

    private JsonNode cli(String... args) throws IOException {
        StringWriter out = new StringWriter();
        String[] more = {"-o", "json", "--server", "127.0.0.1:" + rig.server.port()};
        assertThat(Main.run(new PrintWriter(out, true), new PrintWriter(out, true), concat(args, more)))
                .as(out.toString())
                .isZero();
        return MAPPER.readTree(out.toString());
    }

    private static String[] concat(String[] one, String[] other) {
        return Stream.of(one, other).flatMap(Arrays::stream).toArray(String[]::new);
    }

    /** Returns the first lines of {@code watch}, which ends when its reader is gone. */
    private List<ObjectNode> watched(int lines, String... args) throws IOException {
        ClosingReader head = new ClosingReader(lines);
        String[] command =
                concat(new String[] {"watch", "-o", "json", "--server", "127.0.0.1:" + rig.server.port()}, args);
        assertThat(Main.run(new PrintWriter(head, true), new PrintWriter(new StringWriter()), command))
                .isZero();
        List<ObjectNode> nodes = new ArrayList<>();
        for (String line : head.text().lines().toList()) {
            nodes.add((ObjectNode) MAPPER.readTree(line));
        }
        return nodes;
    }

    private JsonNode rest(String path) throws IOException {
        URI uri = URI.create("http://127.0.0.1:" + rig.server.httpPort() + "/api/v1/" + path);
        try (InputStream in = uri.toURL().openStream()) {
            return MAPPER.readTree(in);
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "package, braking, reported reconcileDetail, reconcile",
        "model, brake, nodes containerCount containers, containers",
        "scenario, drive, '', ''",
    })
    void resource_hasTheFieldsOfRestAndAFewMore(String kind, String name, String own, String missing)
            throws IOException {
        ObjectNode cli = (ObjectNode) cli("get", kind, name);
        ObjectNode rest = (ObjectNode) rest(kind + "s/" + name).get("resource");

        cli.remove(List.of(own.split(" ", -1)));
        rest.remove(List.of(missing.split(" ", -1)));
        assertThat(cli).isEqualTo(rest);
    }

    @Test
    void nodes_haveTheFieldsThatRestHas() throws IOException {
        JsonNode rest = rest("nodes").get("items");
        assertThat(cli("get", "nodes")).isEqualTo(rest);
        assertThat(cli("get", "node", "HPC")).isEqualTo(rest("nodes/HPC").get("resource"));
        assertThat(rest.at("/0/models").toString()).isEqualTo("[\"brake\",\"light\"]");
    }

    @Test
    void container_hasTheFieldsOfGrpc() throws IOException {
        ObjectNode container =
                (ObjectNode) cli("get", "model", "brake").get("containers").get(0);
        ObjectNode rest = (ObjectNode) rest("models/brake").at("/resource/containers/0");

        assertThat(container.remove("detail")).isEqualTo(rest.get("why"));
        assertThat(container).isEqualTo(rest.retain("name", "node", "state"));
    }

    @Test
    void list_hasTheFieldsItKnows() throws IOException {
        ObjectNode cli = (ObjectNode) cli("get", "packages").get(0);
        ObjectNode rest = (ObjectNode) rest("packages").get("items").get(0);

        cli.remove(List.of("reported", "reconcileDetail"));
        rest.remove(List.of("models", "reconcile"));
        assertThat(cli).isEqualTo(rest);
        assertThat(cli.get("modelCounts").toString()).isEqualTo("{\"Dead\":1,\"Running\":1}");
    }

    @Test
    void change_hasTheSameFieldsInHistoryAndStream() throws IOException {
        List<ObjectNode> snapshot = watched(4);
        rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        rig.apply("kind: Scenario\nmetadata: {name: park}\nspec: {action: launch, target: braking}\n");
        String after = snapshot.getLast().get("id").asText();
        List<ObjectNode> changes = watched(3, "--after", after);
        JsonNode rest = rest("packages/braking").get("history");
        JsonNode history = cli("history", "package", "braking");

        assertThat(changes).extracting(change -> change.remove("type").asText()).containsOnly("change");
        changes.forEach(change -> assertThat(change.remove("id")).isNotNull());
        assertThat(changes).contains((ObjectNode) rest.get(0), (ObjectNode)
                rest("models/brake").at("/history/0"));
        rest.forEach(change -> ((ObjectNode) change).remove("generation"));
        assertThat(history).isEqualTo(rest);
        assertThat(history).isNotEmpty();
    }

    @Test
    void snapshotEvent_isAShortFormOfTheResource() throws IOException {
        for (ObjectNode snapshot : watched(4)) {
            assertThat(snapshot.remove("type").asText()).isEqualTo("snapshot");
            snapshot.remove("id");
            JsonNode rest = rest(snapshot.get("kind").asText() + "s/"
                            + snapshot.get("name").asText())
                    .get("resource");
            assertThat(snapshot.properties()).isSubsetOf(rest.properties());
            assertThat(snapshot.has("state") && snapshot.has("since")).isTrue();
        }
    }
}
