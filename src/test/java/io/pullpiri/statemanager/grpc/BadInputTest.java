// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_MODEL;
import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_NETWORK;
import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_NODE;
import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_PACKAGE;
import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_SCENARIO;
import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_VOLUME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.Action;
import io.pullpiri.proto.statemanager.ErrorCode;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.OffloadingRequest;
import io.pullpiri.proto.statemanager.OffloadingResponse;
import io.pullpiri.proto.statemanager.ResourceStateRequest;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateChangeResponse;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.Handwritten;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every row of the table of bad input in docs/wire.md, through a real client. */
class BadInputTest {

    /** A deadline whose tenth part is enough for the answer to travel on a busy machine. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    @TempDir
    Path folder;

    private ServerRig rig;

    @BeforeEach
    void setUp() throws IOException {
        rig = new ServerRig("sqlite:" + folder.resolve("states.db"), "off", Map.of());
    }

    @AfterEach
    void tearDown() throws Exception {
        rig.close();
    }

    static Stream<Arguments> invalidChanges() {
        StateChange good =
                ServerRig.change(RESOURCE_TYPE_MODEL, "brake", "dead").build();
        return Stream.of(
                Arguments.of("resource_type", good.toBuilder().clearResourceType()),
                Arguments.of("resource_type", good.toBuilder().setResourceTypeValue(99)),
                Arguments.of("resource_type", good.toBuilder().setResourceType(RESOURCE_TYPE_VOLUME)),
                Arguments.of("resource_type", good.toBuilder().setResourceType(RESOURCE_TYPE_NETWORK)),
                Arguments.of("resource_type", good.toBuilder().setResourceType(RESOURCE_TYPE_NODE)),
                Arguments.of("resource_name", good.toBuilder().setResourceName("")),
                Arguments.of("resource_name", good.toBuilder().setResourceName("  ")),
                Arguments.of("resource_name", good.toBuilder().setResourceName("a/b")),
                Arguments.of("resource_name", good.toBuilder().setResourceName("a\nb")),
                Arguments.of("resource_name", good.toBuilder().setResourceName("a<b")),
                Arguments.of("resource_name", good.toBuilder().setResourceName("a{b}")),
                Arguments.of("resource_name", good.toBuilder().setResourceName("a?")),
                Arguments.of("resource_name", good.toBuilder().setResourceName("x".repeat(254))),
                Arguments.of("resource_name", good.toBuilder().setResourceName("차".repeat(85))),
                Arguments.of("target_state", good.toBuilder().setTargetState("")),
                Arguments.of("target_state", good.toBuilder().setTargetState(" ")),
                Arguments.of("target_state", good.toBuilder().setTargetState("flying")),
                Arguments.of("target_state", good.toBuilder().setTargetState("degraded")),
                Arguments.of("transition_id", good.toBuilder().setTransitionId("")),
                Arguments.of("transition_id", good.toBuilder().setTransitionId("\t")),
                Arguments.of("transition_id", good.toBuilder().setTransitionId("t".repeat(254))),
                Arguments.of("source", good.toBuilder().setSource("s".repeat(254))),
                Arguments.of("source", good.toBuilder().setSource("")),
                Arguments.of("timestamp_ns", good.toBuilder().setTimestampNs(0)),
                Arguments.of("timestamp_ns", good.toBuilder().setTimestampNs(-1)),
                Arguments.of(
                        "current_state",
                        ServerRig.change(RESOURCE_TYPE_SCENARIO, "drive", "idle")
                                .setCurrentState("odd")));
    }

    // [utest->req~bad-request~1]
    // [utest->req~wire-state-change~1]
    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("invalidChanges")
    void invalidStateChange_isAnsweredWithItsField(String field, StateChange.Builder change) {
        StateChangeResponse response = rig.client().sendStateChange(change.build());
        assertThat(response.getErrorCode()).isEqualTo(ErrorCode.ERROR_CODE_INVALID_REQUEST);
        assertThat(response.getErrorDetails()).startsWith(field + ": ").contains("expected");
        assertThat(rig.server.manager().view().models()).isEmpty();
        assertThat(rig.server.manager().view().scenarios()).isEmpty();
    }

    // [utest->req~wire-state-change~1]
    @Test
    void stepAgainstTheRules_namesBothStates() {
        rig.client()
                .sendStateChange(ServerRig.change(RESOURCE_TYPE_SCENARIO, "drive", "idle")
                        .build());
        StateChangeResponse response = rig.client()
                .sendStateChange(ServerRig.change(RESOURCE_TYPE_SCENARIO, "drive", "allowed")
                        .setTransitionId("id-2")
                        .build());
        assertThat(response.getErrorCode()).isEqualTo(ErrorCode.ERROR_CODE_INVALID_STATE_TRANSITION);
        assertThat(response.getErrorDetails()).contains("Idle").contains("Allowed");
        assertThat(rig.state(RESOURCE_TYPE_SCENARIO, "drive").getCurrentState()).isEqualTo("Idle");
    }

    // [utest->req~wire-state-change~1]
    @Test
    void stateChangeOfAPackage_isRejected() {
        rig.apply(ServerRig.BRAKING);
        StateChangeResponse response = rig.client()
                .sendStateChange(ServerRig.change(RESOURCE_TYPE_PACKAGE, "braking", "running")
                        .build());
        assertThat(response.getErrorCode()).isEqualTo(ErrorCode.ERROR_CODE_INVALID_STATE_TRANSITION);
        assertThat(rig.packageState("braking")).isEqualTo("Idle");
    }

    // [utest->req~bad-list~1]
    // [utest->req~wire-container-list~1]
    @Test
    void listWithAnInvalidNodeName_isRejectedWhole() {
        for (String node : new String[] {"", " ", "a/b", "x".repeat(254)}) {
            assertStatus(
                    Status.Code.INVALID_ARGUMENT,
                    "node_name",
                    () -> rig.client()
                            .sendChangedContainerList(ServerRig.list("running", "running").toBuilder()
                                    .setNodeName(node)
                                    .build()));
        }
        assertThat(rig.server.manager().view().models()).isEmpty();
    }

    // [utest->req~bad-list~1]
    @Test
    void containerWithAnInvalidName_isIgnoredCountedAndTheOthersAreAccepted() {
        ContainerList list = ServerRig.list("running", "running").toBuilder()
                .addContainers(ServerRig.container("x", "dead").toBuilder()
                        .clearNames()
                        .addNames("a/b"))
                .addContainers(ServerRig.container("bad{model}", "dead").toBuilder()
                        .clearNames()
                        .addNames("fine"))
                .addContainers(
                        ServerRig.container("y", "odd").toBuilder().clearNames().clearId())
                .build();
        rig.client().sendChangedContainerList(list);
        assertThat(rig.state(RESOURCE_TYPE_MODEL, "brake").getCurrentState()).isEqualTo("Running");
        assertThat(rig.server.manager().view().models()).containsOnlyKeys("brake", "light");
        assertThat(rig.server.manager().anomalies().counts())
                .containsEntry("invalid-container-name", 2L)
                .containsEntry("invalid-model-name", 1L);
    }

    // [utest->req~wire-size~1]
    @Test
    void messageOverTheSizeLimit_isResourceExhausted() {
        ContainerList large = ServerRig.list("running", "running").toBuilder()
                .addContainers(ServerRig.container("x", "running").toBuilder().setImage("x".repeat(4 << 20)))
                .build();
        assertStatus(Status.Code.RESOURCE_EXHAUSTED, "", () -> rig.client().sendChangedContainerList(large));
        rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        assertThat(rig.state(RESOURCE_TYPE_MODEL, "brake").getCurrentState())
                .as("the service still works")
                .isEqualTo("Running");
    }

    // [utest->req~wire-queries~1]
    @Test
    void unknownResource_isReported() {
        assertThat(rig.get(RESOURCE_TYPE_PACKAGE, "nothing").getSuccess()).isFalse();
        assertThat(rig.get(RESOURCE_TYPE_PACKAGE, "nothing").getMessage()).isEqualTo("package nothing is not known");
        assertThat(rig.get(RESOURCE_TYPE_VOLUME, "nothing").getMessage()).contains("not managed");
        assertThat(list(RESOURCE_TYPE_MODEL, "flying"))
                .startsWith("state: 'flying' (expected: one of Created, Paused, ");
        assertThat(list(RESOURCE_TYPE_NODE, "")).contains("not managed");
    }

    private String list(ResourceType type, String state) {
        return rig.client()
                .listResourcesByState(ListResourcesByStateRequest.newBuilder()
                        .setResourceType(type)
                        .setState(state)
                        .build())
                .getMessage();
    }

    private static OffloadingRequest.Builder offloading() {
        return OffloadingRequest.newBuilder()
                .setScenarioName("s")
                .setPackageName("p")
                .setModelName("m")
                .setSourceNode("a")
                .setTargetNode("b");
    }

    // [utest->req~wire-offloading~2]
    @Test
    void offloadingWithAnEmptyNameOrWithoutActionController_isNotAccepted() {
        OffloadingRequest.Builder request = offloading();
        OffloadingResponse unanswered = rig.client().triggerOffloading(request.build());
        assertThat(unanswered.getAccepted()).isFalse();
        assertThat(unanswered.getMessage()).contains("no ActionController");
        OffloadingResponse empty =
                rig.client().triggerOffloading(request.clone().clearModelName().build());
        assertThat(empty.getAccepted()).isFalse();
        assertThat(empty.getMessage()).isEqualTo("model_name: '' is empty or only spaces (expected: 1..253 bytes)");
        OffloadingResponse invalid = rig.client()
                .triggerOffloading(request.clone().setTargetNode("a/b").build());
        assertThat(invalid.getAccepted()).isFalse();
        assertThat(invalid.getMessage()).isEqualTo("target_node: 'a/b' has '/' (expected: a name without '/')");
    }

    // [utest->req~wire-action~1]
    @Test
    void sendAction_isUnavailable() {
        assertStatus(
                Status.Code.UNAVAILABLE,
                "launch",
                () -> rig.client()
                        .sendAction(Action.newBuilder().setAction("launch").build()));
    }

    // [utest->req~bad-artifact~1]
    // [utest->req~wire-artifacts~1]
    @Test
    void brokenArtifacts_areNamedAndNothingIsApplied() {
        assertApplyFails(
                "kind: Package\nmetadata: {name: good}\n---\nkind: Package\nmetadata: {}\n",
                "document 2: metadata.name");
        assertApplyFails("kind: Package\nmetadata: {name: a/b}\n", "metadata.name: 'a/b' on line 2 has '/'");
        assertApplyFails("kind: [Package\n", "invalid YAML");
        assertApplyFails("", "no documents");
        assertApplyFails("kind: Model\nmetadata: {name: m}\n---\nkind: Model\nmetadata: {name: m}\n", "Model/m");
        assertThat(rig.server.manager().view().packages()).isEmpty();
    }

    // [utest->req~wire-artifacts~1]
    @Test
    void strict_makesAWarningAnError() throws Exception {
        ApplyRequest typo = ApplyRequest.newBuilder()
                .setYaml(Handwritten.text("model-for-models.yaml"))
                .build();

        assertStatus(
                Status.Code.INVALID_ARGUMENT,
                "strict: Package/mirrors: spec.model on line 6",
                () -> rig.artifacts().apply(typo.toBuilder().setStrict(true).build()));
        assertThat(rig.server.manager().view().packages()).isEmpty();
        assertThat(rig.artifacts().apply(typo).getWarningsList())
                .hasSize(2)
                .first()
                .asString()
                .contains("spec.model on line 6", "models");
        assertThat(rig.server.manager().view().packages()).containsOnlyKeys("mirrors");
    }

    @Test
    void moreThanTwentyWarnings_areCounted() {
        String models = IntStream.range(0, 30)
                .mapToObj("{name: m%d, nodes: a}"::formatted)
                .collect(Collectors.joining(", "));
        String yaml = "kind: Package\nmetadata: {name: p}\nspec: {models: [" + models + "]}\n";

        assertThat(rig.artifacts()
                        .apply(ApplyRequest.newBuilder().setYaml(yaml).build())
                        .getWarningsList())
                .hasSize(21)
                .last()
                .isEqualTo("and 10 more warnings");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bra\u200Bke", "brake\u202E", "brake\u00A0left", "\u2066brake"})
    void namesWithInvisibleCharacters_areRejectedInRequests(String name) {
        StateChangeResponse answer = rig.client()
                .sendStateChange(
                        ServerRig.change(RESOURCE_TYPE_MODEL, name, "dead").build());

        assertThat(answer.getErrorCode()).isEqualTo(ErrorCode.ERROR_CODE_INVALID_REQUEST);
        assertThat(answer.getErrorDetails())
                .startsWith("resource_name: '")
                .contains("' has the invisible character U+");
        assertStatus(
                Status.Code.INVALID_ARGUMENT,
                "' has the invisible character U+",
                () -> rig.client()
                        .sendChangedContainerList(
                                ContainerList.newBuilder().setNodeName(name).build()));
        assertThat(rig.server.manager().view().models()).isEmpty();
        assertThat(rig.server.manager().view().nodes()).isEmpty();
    }

    @Test
    void knownNodeWithInvisibleCharacters_mayStillReport() {
        String node = "HPC\u200B";
        assertThat(rig.server
                        .manager()
                        .submit(new Command.NodeReport(node, List.of()), Duration.ofSeconds(20))
                        .join())
                .isInstanceOf(CommandResult.Done.class);

        rig.client()
                .sendChangedContainerList(ServerRig.list("running", "running").toBuilder()
                        .setNodeName(node)
                        .build());

        assertThat(rig.state(RESOURCE_TYPE_MODEL, "brake").getCurrentState()).isEqualTo("Running");
    }

    private void assertApplyFails(String yaml, String message) {
        assertStatus(
                Status.Code.INVALID_ARGUMENT,
                message,
                () -> rig.artifacts()
                        .apply(ApplyRequest.newBuilder().setYaml(yaml).build()));
    }

    // [utest->req~sto-away~1]
    // [utest->req~wire-container-list~1]
    @Test
    @Tag("etcd")
    void unreachableStore_isUnavailableAndTheNewestReportIsStoredLater() throws Exception {
        try (EtcdServer etcd = EtcdServer.start();
                ServerRig onEtcd = new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of())) {
            onEtcd.apply(ServerRig.BRAKING);
            etcd.kill();
            assertThat(onEtcd.client()
                            .withDeadlineAfter(PATIENCE)
                            .sendStateChange(ServerRig.change(RESOURCE_TYPE_MODEL, "brake", "dead")
                                    .build())
                            .getErrorCode())
                    .isEqualTo(ErrorCode.ERROR_CODE_RESOURCE_UNAVAILABLE);
            assertStatus(
                    Status.Code.UNAVAILABLE,
                    "",
                    () -> onEtcd.client()
                            .withDeadlineAfter(PATIENCE)
                            .sendChangedContainerList(ServerRig.list("paused", "paused")));
            etcd.restart();
            Await.until(
                    Duration.ofSeconds(20),
                    () -> "braking is " + onEtcd.packageState("braking"),
                    () -> onEtcd.packageState("braking").equals("Paused"));
        }
    }

    @Test
    @Tag("etcd")
    void queryBeforeTheFirstRead_waitsWithinTheCallersDeadline() throws Exception {
        try (EtcdServer etcd = EtcdServer.start()) {
            etcd.pause();
            try (ServerRig early = new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of())) {
                ResourceStateRequest question = ResourceStateRequest.newBuilder()
                        .setResourceType(RESOURCE_TYPE_MODEL)
                        .setResourceName("brake")
                        .build();
                assertStatus(
                        Status.Code.UNAVAILABLE,
                        "the store has not been read yet",
                        () -> early.client().withDeadlineAfter(PATIENCE).getResourceState(question));
                etcd.resume();
                assertThat(early.client().getResourceState(question).getMessage())
                        .isEqualTo("model brake is not known");
            }
        }
    }

    @Test
    @Tag("etcd")
    void requestOverTheQueueLimit_isUnavailableAtOnce() throws Exception {
        try (EtcdServer etcd = EtcdServer.start();
                ServerRig small = new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of(Setting.QUEUE_LIMIT, "1"))) {
            small.apply(ServerRig.BRAKING);
            etcd.pause();
            // One request is being committed, one waits, and the other eighteen are refused. Their order is not
            // defined.
            Queue<String> refusals = new ConcurrentLinkedQueue<>();
            try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < 20; i++) {
                    StateChange change = ServerRig.change(RESOURCE_TYPE_MODEL, "m" + i, "dead")
                            .build();
                    callers.execute(() -> {
                        String details = small.client().sendStateChange(change).getErrorDetails();
                        if (details.contains("queue.limit")) {
                            refusals.add(details);
                        }
                    });
                }
                Await.until(Duration.ofSeconds(5), () -> refusals + " refused", () -> refusals.size() >= 18);
                etcd.resume();
            }
        }
    }

    private static void assertStatus(Status.Code code, String description, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(code);
            assertThat(e.getStatus().getDescription()).contains(description);
        });
    }

    @Test
    void controlCharactersInASource_doNotReachCauses() {
        StateChange change = ServerRig.change(RESOURCE_TYPE_MODEL, "brake", "dead")
                .setSource("me\n\u001b[2J")
                .build();
        assertThat(rig.client().sendStateChange(change).getErrorCode()).isEqualTo(ErrorCode.ERROR_CODE_SUCCESS);

        assertThat(rig.state(RESOURCE_TYPE_MODEL, "brake").getMetadataMap())
                .containsEntry("source", "me\\u{A}\\u{1B}[2J")
                .containsEntry("cause", "requested by me\\u{A}\\u{1B}[2J");
    }

    @Test
    void streamOfRequests_isBounded() throws Exception {
        CompletableFuture<Status> ended = new CompletableFuture<>();
        StreamObserver<ServerReflectionRequest> requests = ServerReflectionGrpc.newStub(rig.channel())
                .serverReflectionInfo(new StreamObserver<ServerReflectionResponse>() {

                    @Override
                    public void onNext(ServerReflectionResponse response) {}

                    @Override
                    public void onError(Throwable failure) {
                        ended.complete(Status.fromThrowable(failure));
                    }

                    @Override
                    public void onCompleted() {
                        ended.complete(Status.OK);
                    }
                });
        ServerReflectionRequest request = ServerReflectionRequest.newBuilder()
                .setFileByFilename("x".repeat(50_000))
                .build();
        for (int i = 0; i < 30 && !ended.isDone(); i++) {
            requests.onNext(request);
        }

        assertThat(ended.get(30, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(ended.join().getDescription())
                .isEqualTo("requests of one stream: more than 1048576 bytes (expected: at most 1048576)");
    }
}
