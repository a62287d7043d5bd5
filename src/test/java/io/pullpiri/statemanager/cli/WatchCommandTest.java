// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.statemanager.EventType;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc.StateManagerConnectionImplBase;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@code watch} against a server whose streams end as each test requires. */
class WatchCommandTest {

    /** One stream: its events, each with an id or none, and how it ends. */
    private record Script(List<String> ids, Status end) {}

    private final Queue<Script> scripts = new ArrayDeque<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private Server server;

    @BeforeEach
    void setUp() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .directExecutor()
                .addService(new HealthStatusManager().getHealthService())
                .addService(new StateManagerConnectionImplBase() {
                    @Override
                    public void subscribeToStateChanges(
                            StateChangeSubscriptionRequest request, StreamObserver<StateChangeEvent> caller) {
                        asked.add("after " + request.getFilterOrDefault("after", "nothing"));
                        Script script = scripts.remove();
                        script.ids().forEach(id -> caller.onNext(event(id)));
                        caller.onError(script.end().asRuntimeException());
                    }
                })
                .build()
                .start();
    }

    @AfterEach
    void tearDown() {
        server.shutdownNow();
    }

    private static StateChangeEvent event(String id) {
        return StateChangeEvent.newBuilder()
                .setEventId(id)
                .setStateChange(StateChange.newBuilder()
                        .setResourceType(ResourceType.RESOURCE_TYPE_PACKAGE)
                        .setResourceName("adas")
                        .setTargetState("Idle"))
                .setDescription("cause \u001b[2J of '" + id + "'")
                .build();
    }

    @Test
    void watchWithoutAReader_ends() {
        scripts.add(new Script(List.of("1.0", "2.0", "3.0"), Status.UNAVAILABLE));

        ClosingReader head = new ClosingReader(2);
        StringWriter err = new StringWriter();
        int exitCode = Main.run(
                new PrintWriter(head, true),
                new PrintWriter(err, true),
                "watch",
                "--server",
                "127.0.0.1:" + server.getPort());

        assertThat(exitCode).isZero();
        assertThat(err.toString()).isEmpty();
        assertThat(head.text()).contains("'2.0'").doesNotContain("'3.0'");
    }

    @Test
    void recoveriesAndFaults_haveTheFieldsOfTheRestStream() {
        assertThat(Output.jsonLine(OutputFields.of(StateChangeEvent.newBuilder()
                        .setEventId("7.1")
                        .setEventType(EventType.EVENT_TYPE_RECOVERY_START)
                        .setEventTimestampNs(1_000_000_000)
                        .setDescription("request 1")
                        .putMetadata("step", "requested")
                        .putMetadata("package", "adas")
                        .putMetadata("scenario", "drive")
                        .build())))
                .isEqualTo("{'id':'7.1','type':'recovery','time':'1970-01-01T00:00:01Z','step':'requested',"
                                .replace('\'', '"')
                        + "'package':'adas','scenario':'drive','detail':'request 1'}".replace('\'', '"'));
        assertThat(Output.jsonLine(OutputFields.of(StateChangeEvent.newBuilder()
                        .setEventId("7.2")
                        .setEventType(EventType.EVENT_TYPE_WARNING)
                        .setEventTimestampNs(1_000_000_000)
                        .setDescription("deadline missed")
                        .build())))
                .isEqualTo("{'id':'7.2','type':'fault','time':'1970-01-01T00:00:01Z','detail':'deadline missed'}"
                        .replace('\'', '"'));
    }

    @Tag("slow")
    @Test
    void watch_continuesWherePossibleAndOtherwiseStartsAgain() {
        Status away = Status.UNAVAILABLE.withDescription("away");
        scripts.add(new Script(List.of(), away));
        scripts.add(new Script(List.of("", ""), away));
        scripts.add(new Script(List.of("", "7.0"), away));
        scripts.add(new Script(List.of(), Status.OUT_OF_RANGE.withDescription("too late\u0007")));
        scripts.add(new Script(List.of(), Status.PERMISSION_DENIED.withDescription("enough")));

        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                "watch",
                "--server",
                "127.0.0.1:" + server.getPort());

        assertThat(asked)
                .as("before the first event, within the snapshot, after it, too late, from the start again")
                .containsExactly("after nothing", "after nothing", "after nothing", "after 7.0", "after nothing");
        assertThat(exitCode).isEqualTo(1);
        assertThat(err.toString())
                .isEqualTo("No changes come now (away); trying again.\n".repeat(3)
                        + "Changes are missing (too late\\u{7}); starting again with the states.\nerror: enough\n");
        assertThat(out.toString().lines().map(line -> line.split(" {2}", 2)[1]))
                .containsExactly(
                        "package/adas  Idle  cause \\u{1B}[2J of ''",
                        "package/adas  Idle  cause \\u{1B}[2J of ''",
                        "package/adas  Idle  cause \\u{1B}[2J of ''",
                        "package/adas  Idle  cause \\u{1B}[2J of '7.0'");
    }
}
