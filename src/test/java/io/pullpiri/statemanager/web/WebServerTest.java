// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.statemanager.manager.Metrics;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.ServerRig;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WebServerTest {

    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    private Path folder;

    private FakeActionController controller;
    private ServerRig rig;
    private Http http;

    @BeforeEach
    void start() throws Exception {
        controller = FakeActionController.start(0);
        rig = new ServerRig("sqlite:" + folder.resolve("states.db"), controller.address(), Map.of());
        http = new Http(rig.server.httpPort());
    }

    @AfterEach
    void stop() {
        http.close();
        rig.close();
        controller.close();
    }

    /** Brings the package braking into error, so that a reconcile request is sent. */
    private void breakTheBrakes() {
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "exited:1"));
        Await.until(SOON, () -> "a request to reconcile", () -> !controller.reconciles.isEmpty());
    }

    // [utest->req~wire-http~1]
    @Test
    void servedPaths_areExactlyTheDescribedOnes() throws Exception {
        OpenApi openApi = new OpenApi(http.get("/api/v1/openapi.yaml").body());
        TreeSet<String> served = new TreeSet<>();
        ResourceJson unused = new ResourceJson(any -> List.of());
        HistoryCache none =
                new HistoryCache(any -> List.of(), 1, SOON, rig.server.manager().anomalies()::refused);
        try (EventStreams streams = new EventStreams(rig.server.manager(), unused, SOON)) {
            new Routes(new Api(rig.server.manager(), unused, none), streams, new Metrics())
                    .table()
                    .forEach(route -> served.add(route.method() + " " + route.path()));
        }
        assertThat(openApi.operations()).isEqualTo(served);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "/health, /health",
        "/api/v1/packages, /api/v1/packages",
        "/api/v1/packages?state=error, /api/v1/packages",
        "/api/v1/packages?name=braking, /api/v1/packages",
        "/api/v1/packages/braking, /api/v1/packages/{name}",
        "/api/v1/models, /api/v1/models",
        "/api/v1/models/brake, /api/v1/models/{name}",
        "/api/v1/scenarios, /api/v1/scenarios",
        "/api/v1/scenarios/drive, /api/v1/scenarios/{name}",
        "/api/v1/nodes, /api/v1/nodes",
        "/api/v1/nodes/HPC, /api/v1/nodes/{name}",
        "/api/v1/nodes/none, /api/v1/nodes/{name}",
        "/api/v1/packages?state=lost, /api/v1/packages",
    })
    void answers_matchTheirDescription(String path, String described) throws Exception {
        breakTheBrakes();
        OpenApi openApi = new OpenApi(http.get("/api/v1/openapi.yaml").body());
        HttpResponse<String> answer = http.get(path);
        String schema = openApi.schemaOf(
                "GET",
                described,
                answer.statusCode(),
                answer.headers().firstValue("Content-Type").orElse(""));
        assertThat(openApi.problems(schema, Http.json(answer))).isEmpty();
        // The check itself finds a violation.
        assertThat(openApi.problems("Change", Http.json(answer))).isNotEmpty();
    }

    @Test
    void liveNode_isForgottenByForceOnly() throws Exception {
        breakTheBrakes();
        assertThat(http.json("/api/v1/nodes/HPC").at("/resource/lastReport").asText())
                .startsWith("20");
        assertThat(http.json("/api/v1/nodes").at("/items/0/unmatched").asInt()).isZero();
        HttpResponse<String> refused = http.send("DELETE", "/api/v1/nodes/HPC", "");
        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(Http.json(refused).path("detail").asText()).contains("its last report is");
        assertThat(http.send("DELETE", "/api/v1/nodes/HPC?force=yes", "").statusCode())
                .isEqualTo(400);
        assertThat(http.send("DELETE", "/api/v1/nodes/HPC?force=true", "", "Origin", "http://elsewhere")
                        .statusCode())
                .isEqualTo(403);
        assertThat(http.json("/api/v1/nodes").path("items")).hasSize(1);
        HttpResponse<String> forgotten = http.send("DELETE", "/api/v1/nodes/HPC?force=true", "");
        assertThat(Http.json(forgotten).path("message").asText()).isEqualTo("node HPC is forgotten");
        assertThat(new OpenApi(http.get("/api/v1/openapi.yaml").body()).problems("Message", Http.json(forgotten)))
                .isEmpty();
        assertThat(http.json("/api/v1/nodes").path("items")).isEmpty();
        assertThat(http.send("DELETE", "/api/v1/nodes/HPC?force=true", "").statusCode())
                .isEqualTo(404);
        assertThat(http.get("/metrics").body())
                .contains("statemanager_nodes{known=\"true\"} 0.0")
                .contains("statemanager_nodes_evicted_total 0.0")
                .contains("statemanager_transitions_total{kind=\"node\",to=\"gone\"} 1.0");
    }

    @Test
    void package_showsTheWholeChainOfCauses() {
        breakTheBrakes();
        Await.until(
                SOON,
                () -> "an outcome",
                () -> !http.json("/api/v1/packages/braking")
                        .at("/resource/reconcile/0/lastOutcome")
                        .asText()
                        .isEmpty());
        JsonNode detail = http.json("/api/v1/packages/braking");
        assertThat(detail.at("/resource/state").asText()).isEqualTo("Error");
        assertThat(detail.at("/resource/modelCounts/Dead").asInt()).isEqualTo(2);
        assertThat(detail.at("/resource/reconcile/0/scenario").asText()).isEqualTo("drive");
        assertThat(detail.at("/scenarios/0/name").asText()).isEqualTo("drive");
        assertThat(detail.at("/models/0/state").asText()).isEqualTo("Dead");
        assertThat(detail.at("/models/0/containers/0/exitCode").asInt()).isEqualTo(139);
        assertThat(detail.at("/models/0/containers/0/node").asText()).isEqualTo("HPC");
        assertThat(detail.path("history").findValuesAsText("to")).containsExactly("Error", "Running", "Idle");
        assertThat(detail.at("/history/0/cause").asText()).contains("brake").contains("dead");
        assertThat(http.json("/api/v1/models/brake").at("/packages/0/name").asText())
                .isEqualTo("braking");
        assertThat(http.json("/api/v1/scenarios/drive").at("/packages/0/state").asText())
                .isEqualTo("Error");
        assertThat(http.json("/api/v1/nodes/HPC").path("containers")).hasSize(2);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({"packages?name=braking, 1", "packages?name=braking&state=idle, 0", "models?name=light, 1", "nodes, 1"})
    void list_hasTheRequestedResources(String list, int count) {
        breakTheBrakes();
        assertThat(http.json("/api/v1/" + list).path("items")).hasSize(count);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "/api/v1/packages?state=error&state=idle, 2",
        "/api/v1/packages?state=error&state=Error, 1",
        "/api/v1/packages?state=idle&state=running, 1",
        "/api/v1/packages?state=&state=idle, 1",
    })
    void repeatedState_meansAllOfThem(String path, int count) {
        breakTheBrakes();
        rig.apply("kind: Package\nmetadata: {name: parking}\nspec: {models: [{name: camera}]}\n");
        assertThat(http.json(path).path("items")).hasSize(count);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "/%zz, path: '/%zz'",
        "/%, path: '/%'",
        "/api/v1/packages/%2, path: '/api/v1/packages/%2'",
        "/api/v1/events/%g0, path: '/api/v1/events/%g0'",
        "/api/v1/packages?name=%e, query: '%e'",
    })
    void undecodableTarget_isAProblem(String path, String quoted) throws Exception {
        try (RawHttp client = new RawHttp(rig.server.httpPort())) {
            RawHttp.Answer answer = client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    .answer();
            assertThat(answer.code()).isEqualTo(400);
            assertThat(answer.head()).containsEntry("content-type", "application/problem+json");
            assertThat(answer.body()).contains(quoted + " (expected: % only before two hexadecimal digits)");
        }
    }

    @ParameterizedTest(name = "{0} from {1} is {2}")
    @CsvSource({
        "POST, same-origin, 200",
        "POST, none, 200",
        "POST, same-site, 403",
        "POST, cross-site, 403",
        "DELETE, cross-site, 403",
        "PUT, cross-site, 403",
        "GET, cross-site, 405",
    })
    void crossSiteChange_isRejected(String method, String site, int status) throws Exception {
        HttpResponse<String> answer = http.send(method, "/api/v1/artifacts", ServerRig.BRAKING, "Sec-Fetch-Site", site);
        assertThat(answer.statusCode()).isEqualTo(status);
        if (status == 403) {
            assertProblem(answer, 403, "Sec-Fetch-Site: '" + site + "' may not change anything");
        }
    }

    @ParameterizedTest(name = "{0} {1} is {2}: {3}")
    @CsvSource(delimiter = '|', textBlock = """
                    GET    | /api/v1/packages?state=lost    | 400 | state: 'lost' (expected: one of Idle, Paused,
                    GET    | /api/v1/packages?status=error  | 400 | query: 'status' is not a parameter (expected: state, name)
                    GET    | /api/v1/packages/a?b           | 400 | query: 'b' is not a parameter (expected: none)
                    GET    | /api/v1/events?kind=pod        | 400 | kind: 'pod' (expected: scenario, package, model, node)
                    GET    | /api/v1/events?after=x         | 400 | after: 'x' (expected: the id of an event, such as 42.3)
                    GET    | /api/v1/packages/none          | 404 | package none is not known
                    GET    | /api/v1/packages/              | 404 | path: '/api/v1/packages/' is not known (expected: a path of /api/v1/openapi.yaml)
                    GET    | /api/v1/packages/a/b           | 404 | path: '/api/v1/packages/a/b' is not known (expected: a path of /api/v1/openapi.yaml)
                    GET    | /api/v1/packages?name=a&name=b | 400 | query: 'name' is given 2 times (expected: once)
                    GET    | /nothing                       | 404 | path: '/nothing' is not known (expected: a path of /api/v1/openapi.yaml)
                    GET    | /../web/index.html             | 404 | path: '/../web/index.html' is not known (expected: a path of /api/v1/openapi.yaml)
                    GET    | /%2e%2e/statemanager.properties | 404 | path: '/../statemanager.properties' is not known (expected: a path of /api/v1/openapi.yaml)
                    POST   | /nothing                       | 404 | path: '/nothing' is not known (expected: a path of /api/v1/openapi.yaml)
                    GET    | /api/v1/artifacts              | 405 | method: GET (expected: DELETE, POST)
                    PUT    | /api/v1/packages               | 405 | method: PUT (expected: GET)
                    POST   | /api/v1/artifacts              | 400 | has no documents (expected: at least one artifact)
                    DELETE | /api/artifact                  | 400 | has no documents (expected: at least one artifact)
                    """)
    void invalidRequest_namesItsFault(String method, String path, int status, String detail) throws Exception {
        assertProblem(http.send(method, path, ""), status, detail);
    }

    private void assertProblem(HttpResponse<String> answer, int status, String detail) throws Exception {
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        OpenApi openApi = new OpenApi(http.get("/api/v1/openapi.yaml").body());
        assertThat(openApi.problems("Problem", Http.json(answer))).isEmpty();
        assertThat(Http.json(answer).path("detail").asText()).contains(detail);
        assertThat(Http.json(answer).path("status").asInt()).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({"/api/v1/artifacts", "/api/artifact"})
    void artifacts_areStoredAndDeleted(String path) throws Exception {
        OpenApi openApi = new OpenApi(http.get("/api/v1/openapi.yaml").body());
        String schema = openApi.schemaOf("POST", path, 200, "application/json");
        String yaml = "kind: Package\nmetadata: {name: 주차 보조}\nspec: {models: [{name: m}]}\n";
        // The header that curl sends in Pullpiri's examples.
        HttpResponse<String> applied = http.send("POST", path, yaml, "Content-Type", "text/plain");
        assertThat(openApi.problems(schema, Http.json(applied))).isEmpty();
        assertThat(Http.json(applied).at("/items/0/outcome").asText()).isEqualTo("created");
        String named = "/api/v1/packages/%EC%A3%BC%EC%B0%A8%20%EB%B3%B4%EC%A1%B0";
        assertThat(http.json(named).at("/resource/state").asText()).isEqualTo("Idle");
        HttpResponse<String> deleted = http.send("DELETE", path, yaml);
        assertThat(openApi.schemaOf("DELETE", path, 200, "application/json")).isEqualTo(schema);
        assertThat(openApi.problems(schema, Http.json(deleted))).isEmpty();
        assertThat(Http.json(deleted).at("/items/0/outcome").asText()).isEqualTo("deleted");
        assertThat(http.get(named).statusCode()).isEqualTo(404);
    }

    @Test
    void brokenArtifact_isRejectedWithItsField() {
        HttpResponse<String> answer = http.send("POST", "/api/v1/artifacts", "kind: Package\nmetadata: {name: a/b}\n");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(Http.json(answer).path("detail").asText())
                .contains("metadata.name")
                .contains("a/b");
    }

    // [utest->req~wire-http~1]
    @Test
    void webPage_cannotChangeArtifacts() throws Exception {
        for (String origin : List.of("http://127.0.0.1:" + rig.server.httpPort(), "http://evil.example", "null")) {
            HttpResponse<String> answer = http.send("POST", "/api/v1/artifacts", ServerRig.BRAKING, "Origin", origin);
            assertProblem(answer, 403, "Origin: a web page must not change anything");
        }
        assertThat(http.json("/api/v1/packages").path("items")).isEmpty();
    }

    @Test
    void bodyOverTheLimitOfGrpc_isTooLarge() throws Exception {
        HttpResponse<String> answer = http.send("POST", "/api/v1/artifacts", "#".repeat((4 << 20) + 1));
        assertProblem(answer, 413, "body: too long (expected: at most 4 MiB)");
        assertThat(http.get("/health").statusCode()).isEqualTo(200);
    }

    @Test
    void page_hasSecurityHeadersAndIsNotSentAgainUnchanged() {
        HttpResponse<String> page = http.get("/");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
                .contains("default-src 'self'");
        String tag = page.headers().firstValue("ETag").orElseThrow();
        assertThat(http.get("/", "If-None-Match", tag).statusCode()).isEqualTo(304);
        assertThat(http.send("HEAD", "/", "").body()).isEmpty();
        assertThat(http.get("/api/v1/openapi.yaml", "Accept-Encoding", "gzip")
                        .headers()
                        .firstValue("Content-Encoding"))
                .hasValue("gzip");
    }

    // [utest->req~wire-http~1]
    @Test
    @Tag("etcd")
    void outage_isReportedToCallers() throws Exception {
        try (EtcdServer etcd = EtcdServer.start()) {
            etcd.pause();
            try (ServerRig early =
                            new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of(Setting.COMMIT_TIMEOUT, "300ms"));
                    Http client = new Http(early.server.httpPort())) {
                assertThat(client.get("/health").statusCode()).isEqualTo(503);
                HttpResponse<String> answer = client.get("/api/v1/packages");
                assertThat(answer.statusCode()).isEqualTo(503);
                assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
                assertThat(Http.json(answer).path("detail").asText()).contains("the store has not been read yet");
                assertThat(client.get("/api/v1/events").statusCode()).isEqualTo(503);
                etcd.resume();
                Await.until(SOON, () -> "health", () -> client.get("/health").statusCode() == 200);
            }
        }
    }

    @Test
    @Tag("etcd")
    void queryDuringAnOutage_isAnsweredWithTheLastView() throws Exception {
        try (EtcdServer etcd = EtcdServer.start();
                ServerRig cut =
                        new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of(Setting.COMMIT_TIMEOUT, "2s"));
                Http client = new Http(cut.server.httpPort())) {
            Await.until(SOON, () -> "the store", () -> cut.server.manager().isReady());
            cut.apply(ServerRig.BRAKING);
            cut.client().sendChangedContainerList(ServerRig.list("running", "exited:1"));
            OpenApi openApi = new OpenApi(client.get("/api/v1/openapi.yaml").body());
            assertThat(client.json("/api/v1/packages").path("current").asBoolean())
                    .isTrue();
            etcd.pause();
            Await.until(SOON, () -> "no store", () -> !cut.server.manager().isReady());
            assertThat(client.json("/api/v1/packages").path("current").asBoolean(true))
                    .isFalse();
            JsonNode detail = client.json("/api/v1/packages/braking");
            etcd.resume();
            assertThat(openApi.problems("Detail", detail)).isEmpty();
            assertThat(detail.at("/resource/state").asText()).isEqualTo("Degraded");
            assertThat(detail.path("current").asBoolean(true)).isFalse();
            assertThat(detail.path("models")).hasSize(2);
            assertThat(detail.path("history")).isEmpty();
            assertThat(detail.path("historyUnavailable").asText()).contains("the store cannot be read");
            Await.until(
                    SOON,
                    () -> "history",
                    () -> client.json("/api/v1/packages/braking")
                                    .path("history")
                                    .size()
                            == 2);
        }
    }

    @ParameterizedTest(name = "{0} is answered with {1}")
    @CsvSource({
        "127.0.0.1, 200",
        "192.168.1.7:47016, 200",
        "[::1]:47016, 200",
        "LocalHost:47016, 200",
        "localhost:, 200",
        "[fe80::1]:80, 200",
        "::1, 403",
        "[evil.example], 403",
        "evil.example, 403",
        "127.0.0.1.evil.example:47016, 403",
        "evil.example:127, 403",
    })
    void foreignHostName_isRejected(String host, int status) throws Exception {
        assertThat(Http.statusAs(rig.server.httpPort(), host)).isEqualTo(status);
    }

    // [utest->req~wire-http~1]
    @Test
    void machinesOwnName_isAccepted() throws Exception {
        String name = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        assertThat(Http.statusAs(rig.server.httpPort(), name + ":80")).isEqualTo(200);
    }

    @Test
    void off_opensNoPort() throws Exception {
        try (ServerRig without =
                new ServerRig("sqlite:" + folder.resolve("other.db"), "off", Map.of(Setting.HTTP_PORT, "off"))) {
            assertThat(without.server.httpPort()).isEqualTo(-1);
        }
    }

    @Test
    void manyMessagesAtOnce_areAllAnswered() throws Exception {
        rig.apply(ServerRig.BRAKING);
        ContainerList list = ServerRig.list("running", "running");
        rig.client().sendChangedContainerList(list);
        List<Integer> answers = IntStream.range(0, 300)
                .parallel()
                .mapToObj(i -> http.get("/api/v1/packages/braking").statusCode())
                .toList();
        assertThat(answers).hasSize(300).containsOnly(200);
    }
}
