// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.proto.schedinfo.v1.FaultInfo;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventStreamTest {

    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    private Path folder;

    private FakeActionController controller;
    private ServerRig rig;
    private Http http;

    @BeforeEach
    void start() throws Exception {
        controller = FakeActionController.start(0);
        open();
    }

    private void open() throws IOException {
        rig = new ServerRig("sqlite:" + folder.resolve("states.db"), controller.address(), Map.of());
        http = new Http(rig.server.httpPort());
    }

    @AfterEach
    void stop() {
        http.close();
        rig.close();
        controller.close();
    }

    private void report(String brake, String light) {
        rig.client().sendChangedContainerList(ServerRig.list(brake, light));
    }

    @Test
    void stream_startsWithASnapshotAndSendsEveryChangeAsDescribed() throws Exception {
        OpenApi openApi = new OpenApi(http.get("/api/v1/openapi.yaml").body());
        rig.apply(ServerRig.BRAKING);
        try (Http.Events events = http.events("")) {
            List<Http.ServerSentEvent> start = events.until("ready");
            assertThat(start)
                    .extracting(Http.ServerSentEvent::type)
                    .containsExactly("snapshot", "snapshot", "store", "ready");
            assertThat(start).extracting(event -> event.of("name")).contains("drive", "braking");
            assertThat(openApi.problems("Scenario", start.getFirst().data())).isEmpty();
            assertThat(openApi.problems("Package", start.get(1).data())).isEmpty();
            assertThat(openApi.problems("Store", start.get(2).data())).isEmpty();
            assertThat(openApi.problems("Ready", start.getLast().data())).isEmpty();
            report("running", "running");
            report("exited:139", "exited:1");
            List<Http.ServerSentEvent> changes = events.until("recovery");
            assertThat(changes.subList(0, changes.size() - 1))
                    .allSatisfy(event ->
                            assertThat(openApi.problems("Change", event.data())).isEmpty())
                    .extracting(event -> event.of("name") + " " + event.of("to"))
                    .containsExactly(
                            "brake Running",
                            "light Running",
                            "braking Running",
                            "brake Dead",
                            "light Dead",
                            "braking Error");
            assertThat(openApi.problems("Recovery", changes.getLast().data())).isEmpty();
            assertThat(changes.getLast().of("package")).isEqualTo("braking");
            rig.faults().notifyFault(FaultInfo.newBuilder().setNodeId("HPC").build());
            assertThat(openApi.problems("Fault", events.until("fault").getLast().data()))
                    .isEmpty();
        }
    }

    @Test
    void stream_continuesAListAndLastEventIdAcrossARestart() throws Exception {
        rig.apply(ServerRig.BRAKING);
        String listed = http.json("/api/v1/packages").path("eventId").asText();
        report("running", "running");
        String seen;
        try (Http.Events events = http.events("?after=" + listed)) {
            events.until("ready");
            seen = events.next().id();
        }
        stop();
        start();
        report("exited:139", "running");
        // A browser that reconnects sends its first address together with the header.
        try (Http.Events events = http.events("?after=" + listed, "Last-Event-ID", seen)) {
            events.until("ready");
            assertThat(List.of(events.next(), events.next(), events.next(), events.next()))
                    .extracting(event -> event.of("name") + " " + event.of("to"))
                    .containsExactly("light Running", "braking Running", "brake Dead", "braking Degraded");
        }
    }

    @Test
    void positionNoLongerRecorded_isAGap() throws Exception {
        try (Http.Events events = http.events("?after=4711.1")) {
            List<Http.ServerSentEvent> all = events.until("end");
            assertThat(all).extracting(Http.ServerSentEvent::type).containsExactly("lost", "end");
            assertThat(all.getFirst().of("detail")).contains("4711.1");
        }
    }

    @Test
    void invalidPosition_isRejectedWithItsSource() {
        assertThat(http.get("/api/v1/events?after=1.1", "Last-Event-ID", "soon").body())
                .contains("Last-Event-ID: 'soon' (expected: the id of an event, such as 42.3)");
        assertThat(http.get("/api/v1/events?after=later").body())
                .contains("after: 'later' (expected: the id of an event, such as 42.3)");
    }

    @Test
    void readerWithAGap_reconnectsWithoutAnId() {
        // After an empty id, a browser reconnects without an id.
        String stream = http.get("/api/v1/events", "Last-Event-ID", "4711.1").body();
        assertThat(stream).startsWith("id:\nevent: lost\ndata: ");
    }

    @Test
    void positionBeforeAllEvents_getsEverything() throws Exception {
        rig.apply(ServerRig.BRAKING);
        report("running", "running");
        stop();
        start();
        report("exited:139", "running");
        try (Http.Events events = http.events("", "Last-Event-ID", "0.0")) {
            events.until("ready");
            List<Http.ServerSentEvent> all = new ArrayList<>();
            do {
                all.add(events.next());
            } while (!all.getLast().of("to").equals("Degraded"));
            assertThat(all)
                    .extracting(event -> event.of("name") + " " + event.of("to"))
                    .containsExactly(
                            "drive Idle",
                            "braking Idle",
                            "brake Running",
                            "light Running",
                            "braking Running",
                            "brake Dead",
                            "braking Degraded");
        }
    }

    @Test
    @Tag("etcd")
    void stream_reportsWhetherTheStoreIsAvailable() throws Exception {
        try (EtcdServer etcd = EtcdServer.start();
                ServerRig cut =
                        new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of(Setting.COMMIT_TIMEOUT, "2s"));
                Http client = new Http(cut.server.httpPort())) {
            Await.until(SOON, () -> "the store", () -> cut.server.manager().isReady());
            try (Http.Events events = client.events("?kind=model&name=none")) {
                List<Http.ServerSentEvent> start = events.until("ready");
                assertThat(start).extracting(Http.ServerSentEvent::type).containsExactly("store", "ready");
                assertThat(start.getFirst().of("ready")).isEqualTo("true");
                etcd.kill();
                assertThat(events.until("store").getLast().of("ready")).isEqualTo("false");
                assertThat(client.get("/health").statusCode()).isEqualTo(503);
                // A later subscriber gets the same.
                try (Http.Events late = client.events("")) {
                    assertThat(late.next().of("ready")).isEqualTo("false");
                }
                etcd.restart();
                Http.ServerSentEvent event;
                do { // the reason may change while the store is unavailable
                    event = events.until("store").getLast();
                    assertThat(event.of("ready").equals("true"))
                            .isEqualTo(event.of("reason").isEmpty());
                } while (!event.of("ready").equals("true"));
            }
        }
    }

    @Test
    void filter_excludesOtherResources() throws Exception {
        rig.apply(ServerRig.BRAKING);
        try (Http.Events events = http.events("?kind=model&name=light")) {
            events.until("ready");
            report("running", "running");
            report("running", "exited:1");
            assertThat(List.of(events.next(), events.next()))
                    .extracting(event -> event.of("name") + " " + event.of("to"))
                    .containsExactly("light Running", "light Dead");
        }
    }

    @Test
    @Tag("slow")
    void stalledAndDisconnectingReaders_delayNoOthers() throws Exception {
        rig.apply(ServerRig.BRAKING);
        try (Socket stalled = new Socket(InetAddress.getLoopbackAddress(), rig.server.httpPort());
                Http.Events events = http.events("?kind=package")) {
            stalled.setReceiveBufferSize(1_024);
            stalled.getOutputStream()
                    .write("GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            Http.Events leaving = http.events("");
            leaving.until("ready");
            leaving.close();
            events.until("ready");
            for (int i = 0; i < 3_000; i++) {
                rig.client()
                        .sendStateChange(ServerRig.change(RESOURCE_TYPE_MODEL, "brake", i % 2 == 0 ? "dead" : "running")
                                .build());
            }
            for (int i = 0; i < 3_000; i++) {
                assertThat(events.next().of("to")).isEqualTo(i % 2 == 0 ? "Degraded" : "Running");
            }
        }
    }

    @Test
    void repeatedKind_meansAllOfThem() throws Exception {
        rig.apply(ServerRig.BRAKING);
        try (Http.Events events = http.events("?kind=scenario&kind=package")) {
            assertThat(events.until("ready"))
                    .extracting(Http.ServerSentEvent::type)
                    .containsExactly("snapshot", "snapshot", "store", "ready");
            report("running", "running");
            assertThat(events.next().of("name")).isEqualTo("braking");
        }
    }

    @Test
    void stream_hasTheHeaderThatDisablesBufferingInProxies() throws Exception {
        try (RawHttp client = new RawHttp(rig.server.httpPort())) {
            RawHttp.Answer answer = client.send("HEAD /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    .head();
            assertThat(answer.head())
                    .containsEntry("x-accel-buffering", "no")
                    .containsEntry("cache-control", "no-store")
                    .containsEntry("content-type", "text/event-stream");
        }
    }

    @Test
    void closedConnection_isNoticedBeforeTheNextHeartbeat() throws Exception {
        try (RawHttp client = new RawHttp(rig.server.httpPort())) {
            assertThat(client.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .head()
                            .code())
                    .isEqualTo(200);
        }
        // A heartbeat comes every 10 seconds, and only the second one would fail.
        Await.until(
                SOON, () -> "no stream", () -> http.get("/metrics").body().contains("statemanager_http_streams 0.0"));
    }

    @Test
    void serverStop_endsTheStreams() throws Exception {
        try (Http.Events events = http.events("")) {
            events.until("ready");
            rig.close();
            assertThat(events.next().type()).isIn("end", "broken");
        }
    }
}
