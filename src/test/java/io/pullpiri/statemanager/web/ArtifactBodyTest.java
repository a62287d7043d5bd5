// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.testing.Handwritten;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bytes of an artifact over HTTP are stored unchanged or refused. */
class ArtifactBodyTest {

    private static final String YAML = "kind: Package\nmetadata: {name: türe}\nspec: {models: [{name: schloß}]}\n";

    @TempDir
    private Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private ServerRig rig;

    @BeforeEach
    void start() throws Exception {
        rig = new ServerRig("sqlite:" + folder.resolve("states.db"), "off", Map.of());
    }

    @AfterEach
    void stop() {
        client.shutdownNow();
        rig.close();
    }

    private HttpResponse<String> send(String method, String path, byte[] body, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + rig.server.httpPort() + path))
                .timeout(Duration.ofSeconds(20))
                .method(method, BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
    }

    private void assertRefused(HttpResponse<String> answer, int status, String detail) throws Exception {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(Http.json(answer).path("detail").asText()).isEqualTo(detail);
        assertThat(send("GET", "/api/v1/packages", new byte[0]).body()).contains("\"items\":[]");
    }

    @ParameterizedTest
    @CsvSource({"POST,/api/v1/artifacts", "DELETE,/api/v1/artifacts", "POST,/api/artifact", "DELETE,/api/artifact"})
    void bytesThatAreNotUtf8_areRejectedWithTheirOffset(String method, String path) throws Exception {
        byte[] latin1 = YAML.getBytes(StandardCharsets.ISO_8859_1);
        int offset = YAML.indexOf('ü');

        assertRefused(
                send(method, path, latin1),
                400,
                "body: is not UTF-8: byte 0xFC at offset " + offset + " (expected: UTF-8 text)");
    }

    @Test
    void truncatedCharacter_isRejected() throws Exception {
        byte[] cut = {'k', ':', ' ', (byte) 0xEC, (byte) 0xA3};

        assertRefused(
                send("POST", "/api/v1/artifacts", cut),
                400,
                "body: is not UTF-8: byte 0xEC at offset 3 (expected: UTF-8 text)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain; charset=iso-8859-1",
                "application/yaml;CHARSET=\"ISO-8859-1\"",
                "application/x-www-form-urlencoded; a=b ; charset = iso-8859-1"
            })
    void otherCharset_isRejected(String type) throws Exception {
        String given = type.contains("ISO") ? "ISO-8859-1" : "iso-8859-1";

        assertRefused(
                send("POST", "/api/v1/artifacts", YAML.getBytes(StandardCharsets.UTF_8), "Content-Type", type),
                415,
                "Content-Type: charset '" + given + "' (expected: utf-8; convert the body to UTF-8)");
    }

    @Test
    void compressedBody_isRejected() throws Exception {
        assertRefused(
                send("POST", "/api/v1/artifacts", gzip(YAML), "Content-Encoding", "gzip"),
                415,
                "Content-Encoding: 'gzip' (expected: no such header, and the body as it is)");
    }

    @Test
    void latin1File_isRejected() throws Exception {
        assertRefused(
                send("POST", "/api/v1/artifacts", Handwritten.bytes("latin1.yaml")),
                400,
                "body: is not UTF-8: byte 0xFC at offset 48 (expected: UTF-8 text)");
    }

    @Test
    void unknownKind_isRejectedWithASuggestion() throws Exception {
        HttpResponse<String> answer = send("POST", "/api/v1/artifacts", Handwritten.bytes("misspelt-kind.yaml"));

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(Http.json(answer).path("detail").asText())
                .startsWith("document 1: kind: 'Pakcage' on line 2 is unknown")
                .contains("did you mean Package?");
    }

    @Test
    void warning_isInTheAnswerAndUnderStrictAnError() throws Exception {
        byte[] typo = Handwritten.bytes("model-for-models.yaml");
        OpenApi openApi =
                new OpenApi(send("GET", "/api/v1/openapi.yaml", new byte[0]).body());

        HttpResponse<String> strict = send("POST", "/api/v1/artifacts?strict=true", typo);
        assertThat(strict.statusCode()).isEqualTo(400);
        assertThat(Http.json(strict).path("detail").asText())
                .startsWith("strict: Package/mirrors: spec.model on line 6 ")
                .contains("did you mean models?");
        assertThat(send("GET", "/api/v1/packages/mirrors", new byte[0]).statusCode())
                .isEqualTo(404);

        HttpResponse<String> answer = send("POST", "/api/v1/artifacts?strict=false", typo);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(openApi.problems("Outcomes", Http.json(answer))).isEmpty();
        assertThat(Http.json(answer).at("/items/0/outcome").asText()).isEqualTo("created");
        assertThat(Http.json(answer).path("warnings")).hasSize(2);
        assertThat(Http.json(answer).at("/warnings/0").asText())
                .startsWith("Package/mirrors: spec.model on line 6 ")
                .contains("did you mean models?");
    }

    @ParameterizedTest
    @CsvSource({
        "POST,?strict=yes,strict: 'yes' (expected: true or false)",
        "POST,?strict,strict: '' (expected: true or false)",
        "DELETE,?strict=true,query: 'strict' is not a parameter (expected: none)",
    })
    void strict_isTrueOrFalseAndOnlyForApplying(String method, String query, String detail) throws Exception {
        assertRefused(send(method, "/api/v1/artifacts" + query, YAML.getBytes(StandardCharsets.UTF_8)), 400, detail);
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    @ParameterizedTest
    @CsvSource({
        "Content-Type,text/plain;charset=utf-8",
        "Content-Type,application/yaml; charset=\"UTF-8\"",
        "Content-Type,application/x-www-form-urlencoded",
        "Content-Encoding,identity",
    })
    void utf8_isStoredUnchanged(String header, String value) throws Exception {
        HttpResponse<String> answer =
                send("POST", "/api/v1/artifacts", YAML.getBytes(StandardCharsets.UTF_8), header, value);

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(rig.packageState("türe")).isEqualTo("Idle");
    }
}
