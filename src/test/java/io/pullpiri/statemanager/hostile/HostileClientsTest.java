package io.pullpiri.statemanager.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.monitoringserver.SendContainerListResponse;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ListResourcesByStateResponse;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.Proc;
import io.pullpiri.statemanager.cascade.World;
import io.pullpiri.statemanager.cli.Program;
import io.pullpiri.statemanager.store.Await;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that mean ill, against the program as it is started. Whatever they do, a node that means well is heard all the
 * time, if need be late, and the program takes no more memory than it may.
 */
@Tag("slow")
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class HostileClientsTest {

    /** The usual heap and as much for the network, and what the JVM itself takes. */
    private static final double MOST_MEGABYTES = 256 + 256 + 200;

    /** Far less than the longest of these tests takes, on however slow a machine. */
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(60);

    private static final int CALLS = 20;
    private static final int HTTP_ANSWERS = 32;
    private static final String MODELS = "/api/v1/models";
    private static final ListResourcesByStateRequest ALL_MODELS = ListResourcesByStateRequest.newBuilder()
            .setResourceType(ResourceType.RESOURCE_TYPE_MODEL)
            .build();
    private static final String REPORT =
            StateManagerConnectionGrpc.getSendChangedContainerListMethod().getFullMethodName();

    @TempDir
    Path folder;

    private Program server;
    private GoodNode good;
    private ManagedChannel channel;
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<Closeable> connections = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        ProcessBuilder builder = Program.builder(
                folder,
                "serve",
                "--store",
                "sqlite:" + folder.resolve("states.db"),
                "--port",
                "0",
                "--fault-port",
                "off",
                "--http-port",
                "0",
                "--action-controller",
                "off");
        builder.command().add(1, "-Xmx256m");
        server = Program.start(builder);
        channel = channel();
        apply("vehicle", "good", "filler");
        good = new GoodNode(server.port());
        awaitGood();
    }

    private ManagedChannel channel() {
        ManagedChannel opened = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
        channels.add(opened);
        return opened;
    }

    private RawConnection connect() throws IOException {
        RawConnection connection = new RawConnection(server.port());
        connections.add(connection);
        return connection;
    }

    private void closeConnections() throws IOException {
        for (Closeable connection : connections) {
            connection.close();
        }
    }

    private void awaitGood() {
        int before = good.heard();
        Await.until(Duration.ofSeconds(30), () -> "the good node is heard", () -> good.heard() > before + 5);
    }

    @AfterEach
    void theGoodNodeWasHeardAllTheTime() throws IOException {
        try (Program _ = server;
                GoodNode _ = good) {
            awaitGood();
            assertThat(good.failures()).isEmpty();
            assertThat(good.longestSilence()).isLessThan(LONGEST_SILENCE);
            assertThat(residentMegabytes()).isLessThan(MOST_MEGABYTES);
            assertThat(server.output()).doesNotContain("ERROR");
        } finally {
            channels.forEach(ManagedChannel::shutdownNow);
            closeConnections();
        }
    }

    private void apply(String name, String... models) {
        var _ = ArtifactsGrpc.newBlockingStub(channel)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .apply(ApplyRequest.newBuilder()
                        .setYaml(World.packageYaml(name, models))
                        .build());
    }

    /** The most that it ever had. */
    private double residentMegabytes() {
        return Proc.number(server.process.pid(), "status", "VmHWM") / 1_000;
    }

    private StateManagerConnectionGrpc.StateManagerConnectionBlockingStub stub() {
        return StateManagerConnectionGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    /** As large as podman makes them. */
    private static ContainerList list(String node, int containers) {
        ContainerList.Builder list = ContainerList.newBuilder().setNodeName(node);
        for (int i = 0; i < containers; i++) {
            ContainerInfo.Builder container = ContainerInfo.newBuilder()
                    .setId(node + "-" + i)
                    .addNames("model-" + node + "-" + i)
                    .setImage("localhost/image")
                    .putState("Status", "running");
            for (int entry = 0; entry < 20; entry++) {
                container.putConfig("k" + entry, "v");
            }
            list.addContainers(container);
        }
        return list.build();
    }

    @Test
    void asManyContainersAsAListMayHaveAreStored() {
        assertThat(stub().sendChangedContainerList(list("large", 4_096)).getResp())
                .contains("4096 containers");
        long running = models().stream()
                .filter(model -> model.getResourceName().startsWith("large-")
                        && model.getCurrentState().equals("Running"))
                .count();
        assertThat(running).isEqualTo(4_096);
        ContainerList larger = list("larger", 10_000);
        assertThat(larger.getSerializedSize()).isLessThan(4 << 20);
        assertThatThrownBy(() -> stub().sendChangedContainerList(larger))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessage(
                        "RESOURCE_EXHAUSTED: containers: 10,000 in the list of node larger (expected: at most 4,096)");
        assertThat(models()).noneMatch(model -> model.getResourceName().startsWith("larger-"));
    }

    @Test
    void inventedNodesFillTheirShareAndKeepNoRealNodeOut() {
        String refusal = null;
        for (int i = 0; refusal == null && i < 1_000; i++) {
            refusal = refusal(list("invented-" + i, 1_000));
        }
        assertThat(refusal).startsWith("RESOURCE_EXHAUSTED: memory: nodes that never named a model of a package");
        for (int i = 0; i < 20; i++) {
            assertThat(refusal(real("real-" + i))).isNull();
        }
    }

    /** Null if the list is stored. */
    private @Nullable String refusal(ContainerList list) {
        try {
            var _ = stub().sendChangedContainerList(list);
            return null;
        } catch (StatusRuntimeException e) {
            return e.getMessage();
        }
    }

    /** Of a node that runs something of a package. */
    private static ContainerList real(String node) {
        return list(node, 1_000).toBuilder()
                .addContainers(ContainerInfo.newBuilder()
                        .setId("f")
                        .addNames("model-filler")
                        .putState("Status", "running"))
                .build();
    }

    @Test
    void twoMillionContainersOfTwoBytesAreRefusedBeforeTheyAreTakenApart() {
        ContainerList.Builder list = ContainerList.newBuilder().setNodeName("empty");
        for (int i = 0; i < 2_000_000; i++) {
            list.addContainers(ContainerInfo.getDefaultInstance());
        }
        ContainerList built = list.build();
        for (int i = 0; i < 20; i++) {
            assertThatThrownBy(() -> stub().sendChangedContainerList(built))
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasMessageContaining("RESOURCE_EXHAUSTED: the message has more than 400000 parts");
        }
    }

    @Test
    void whatIsCompressedIsNotTakenApart() {
        ContainerList.Builder list = ContainerList.newBuilder().setNodeName("compressed");
        for (int i = 0; i < 2_000_000; i++) {
            list.addContainers(ContainerInfo.getDefaultInstance());
        }
        assertThatThrownBy(() -> stub().withCompression("gzip").sendChangedContainerList(list.build()))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("UNIMPLEMENTED");
    }

    @Test
    void whoSendsMessagesAndDoesNotEndTheRequestHasNothingTakenApart() throws IOException {
        byte[] list = new byte[700_000];
        for (int i = 0; i < list.length; i += 2) {
            list[i] = ContainerList.CONTAINERS_FIELD_NUMBER << 3 | 2; // an empty container
        }
        RawConnection connection = connect();
        connection.greet();
        for (int stream = 1; stream < 200; stream += 2) {
            connection.beginCall(stream, "/" + REPORT, list);
        }
        connection.awaitFrame(RawConnection.HEADERS);
    }

    @Test
    void largeArtifactsAreRefusedWhenMemoryIsFull() {
        String refusal = null;
        for (int i = 0; refusal == null && i < 500; i++) {
            try {
                var _ = ArtifactsGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(60, TimeUnit.SECONDS)
                        .apply(ApplyRequest.newBuilder()
                                .setYaml("# " + "x".repeat(1_000_000) + "\n" + World.packageYaml("large-" + i, "m"))
                                .build());
            } catch (StatusRuntimeException e) {
                refusal = e.getMessage();
            }
        }
        assertThat(refusal).startsWith("RESOURCE_EXHAUSTED: memory");
    }

    @Test
    void aMillionNamesAreRefusedWhenMemoryIsFullAndListedAllTheSame() throws Exception {
        int known = fillMemory();
        listsAreAnsweredManyAtOnce(known);
        listsOverGrpcThatNobodyTakesAreGivenUp(known);
        listsOverHttpThatNobodyTakesMakeRoomForOthers(known);
    }

    /** @return how many models are known */
    private int fillMemory() {
        String refusal = null;
        int lists = 0;
        for (; refusal == null && lists < 1_000; lists++) {
            refusal = refusal(real("node-" + lists));
        }
        assertThat(lists).as(refusal).isGreaterThan(50);
        assertThat(refusal)
                .startsWith("RESOURCE_EXHAUSTED: memory: the states and artifacts that are known take all of");
        return (lists - 1) * 1_000;
    }

    private void listsAreAnsweredManyAtOnce(int known) throws Exception {
        List<Future<Long>> bodies = new ArrayList<>();
        List<Future<Integer>> messages = new ArrayList<>();
        // Closed in the other order: first all have ended.
        try (HttpClient http = HttpClient.newHttpClient();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < HTTP_ANSWERS; i++) {
                bodies.add(threads.submit(() -> bytes(http)));
            }
            for (int i = 0; i < 4; i++) {
                messages.add(threads.submit(this::listed));
            }
        }
        for (Future<Long> body : bodies) {
            assertThat(body.get()).isGreaterThan(known * 200L);
        }
        for (Future<Integer> message : messages) {
            assertThat(message.get()).isGreaterThanOrEqualTo(known);
        }
    }

    private long bytes(HttpClient http) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.httpPort() + MODELS))
                .build();
        HttpResponse<InputStream> response = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
        assertThat(response.statusCode()).isEqualTo(200);
        try (InputStream body = response.body()) {
            return body.transferTo(OutputStream.nullOutputStream());
        }
    }

    /** How many models a list over gRPC names; nobody else's turn is waited for longer than 5 s. */
    private int listed() throws InterruptedException {
        while (true) {
            try {
                return models().size();
            } catch (StatusRuntimeException e) {
                assertThat(e.getMessage()).startsWith("UNAVAILABLE: busy");
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    private List<ResourceState> models() {
        return stub().withMaxInboundMessageSize(256 << 20)
                .listResourcesByState(ALL_MODELS)
                .getResourcesList();
    }

    private void listsOverGrpcThatNobodyTakesAreGivenUp(int known) throws InterruptedException {
        ManagedChannel silent = channel();
        for (int i = 0; i < 30; i++) {
            ClientCall<ListResourcesByStateRequest, ListResourcesByStateResponse> call =
                    silent.newCall(StateManagerConnectionGrpc.getListResourcesByStateMethod(), CallOptions.DEFAULT);
            call.start(new ClientCall.Listener<>() {}, new Metadata());
            call.sendMessage(ALL_MODELS);
            call.halfClose(); // and never asks for the answer
        }
        Await.until(
                Duration.ofSeconds(60),
                () -> "that too much waits to be taken: " + server.output(),
                () -> server.output().contains("answers that were not taken yet have more than"));
        // The silent client is still there, and its answers are given up.
        assertThat(listed()).isGreaterThanOrEqualTo(known);
        silent.shutdownNow();
    }

    private void listsOverHttpThatNobodyTakesMakeRoomForOthers(int known) throws IOException, InterruptedException {
        for (int i = 0; i < HTTP_ANSWERS; i++) {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.httpPort());
            connections.add(socket);
            socket.getOutputStream()
                    .write(("GET " + MODELS + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
        }
        try (HttpClient http = HttpClient.newHttpClient()) {
            for (int i = 0; i < 3; i++) {
                assertThat(bytes(http)).isGreaterThan(known * 200L);
            }
            closeConnections();
        }
    }

    @Test
    void aFloodOfLargeListsIsTurnedAwayAndTakesNoMoreMemoryThanItMay() throws Exception {
        List<ManagedChannel> hostile = Stream.generate(this::channel).limit(5).toList();
        List<ListenableFuture<SendContainerListResponse>> calls = new ArrayList<>();
        ContainerList large = list("flood", 3_000);
        for (int i = 0; i < 500; i++) {
            ContainerList list =
                    large.toBuilder().setNodeName("flood-" + i % 50).build();
            calls.add(StateManagerConnectionGrpc.newFutureStub(hostile.get(i % hostile.size()))
                    .withDeadlineAfter(90, TimeUnit.SECONDS)
                    .sendChangedContainerList(list));
        }
        Map<Status.Code, Status> answers = new EnumMap<>(Status.Code.class);
        for (ListenableFuture<SendContainerListResponse> call : calls) {
            Status answer = answer(call);
            answers.put(answer.getCode(), answer);
        }
        assertThat(answers.keySet())
                .as(answers.toString())
                .isSubsetOf(
                        Status.Code.OK,
                        Status.Code.UNAVAILABLE,
                        Status.Code.DEADLINE_EXCEEDED,
                        Status.Code.RESOURCE_EXHAUSTED)
                .contains(Status.Code.UNAVAILABLE);
    }

    private static Status answer(ListenableFuture<SendContainerListResponse> call) throws InterruptedException {
        try {
            var _ = call.get();
            return Status.OK;
        } catch (ExecutionException e) {
            return Status.fromThrowable(e);
        }
    }

    @Test
    void callersWhoDoNotFinishTheirRequestAreEnded() throws IOException {
        List<RawConnection> slow = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            RawConnection connection = connect();
            connection.greet();
            for (int call = 0; call < CALLS; call++) {
                connection.beginCall(2 * call + 1, "/" + REPORT, 4 << 20, 10_000);
            }
            slow.add(connection);
        }
        for (RawConnection connection : slow) {
            Set<Integer> ended = new HashSet<>();
            while (ended.size() < CALLS) {
                RawConnection.Frame answer = connection.awaitFrame(RawConnection.HEADERS);
                // The value's length, and DEADLINE_EXCEEDED; or UNAVAILABLE, beyond the part of the memory for
                // unfinished ones.
                assertThat(answer.payload()).containsAnyOf("grpc-status\u00014", "grpc-status\u000214");
                ended.add(answer.stream());
            }
        }
    }

    @Test
    void connectionsOverWhichNothingComesAreEnded() throws IOException {
        List<RawConnection> silent = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            silent.add(connect());
        }
        for (RawConnection connection : silent) {
            assertThat(connection.awaitEnd())
                    .as("whoever has never said a word is not asked whether they are still there")
                    .doesNotContain(RawConnection.PING);
        }
    }

    @Test
    void aNewNodeConnects_whileOneClientOfItsAddressTakesAllConnections() throws IOException {
        while (connections.size() < 10_000) {
            RawConnection connection = connect();
            if (connections.size() % 5 == 0) {
                connection.greetIfOpen();
            }
        }
        Await.until(
                Duration.ofSeconds(30),
                server::output,
                () -> server.output().contains("an idle connection was closed for a new one"));
        var _ = StateManagerConnectionGrpc.newBlockingStub(channel())
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .sendChangedContainerList(list("another", 1));
    }

    @Test
    void callsWithoutARequest_areEndedForThoseThatFinish() throws IOException {
        for (int i = 0; i < 100; i++) {
            RawConnection connection = connect();
            connection.greet();
            for (int call = 0; call < 200; call++) {
                connection.beginCall(2 * call + 1, "/" + REPORT);
            }
        }
        awaitGood();
        var _ = stub().sendChangedContainerList(list("another", 60));
    }

    @Test
    void largeListOfAKnownNode_isTaken_whileUnfinishedRequestsTakeAllMemory() throws IOException {
        var _ = ArtifactsGrpc.newBlockingStub(channel)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .apply(ApplyRequest.newBuilder()
                        .setYaml(World.packageYaml("package", "known-0"))
                        .build());
        ContainerList list = list("known", 1_000);
        var _ = stub().sendChangedContainerList(list);
        for (int i = 0; i < 60; i++) {
            RawConnection connection = connect();
            connection.greet();
            for (int call = 0; call < CALLS; call++) {
                connection.beginCall(2 * call + 1, "/" + REPORT, 4 << 20, 60_000);
            }
            if (i % 10 == 0) {
                assertThat(stub().sendChangedContainerList(list).getResp()).contains("1000 containers");
            }
        }
        Await.until(
                Duration.ofSeconds(30),
                server::output,
                () -> server.output().contains("grpc-request-memory: from 127.0.0.1: busy"));
    }

    @Test
    void yamlThatGrowsIsRefused() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 30; i++) {
            bomb.append(
                    "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n".formatted(i, i, i - 1, i - 1, i - 1, i - 1, i - 1));
        }
        assertRefused(bomb.toString());
        assertRefused("[".repeat(1_000_000));
        assertRefused("a: ".repeat(300_000));
        assertRefused("[" + "1,".repeat(500_000) + "]");
        assertRefused("{" + "a: 1, ".repeat(150_000) + "}");
        assertRefused("- ".repeat(500_000));
        assertRefused("---\n".repeat(900_000));
        String twice = "? " + "k".repeat(100_000) + "\n: 1\n";
        assertRefused(twice + twice);
    }

    private void assertRefused(String yaml) {
        assertThatThrownBy(() -> ArtifactsGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(60, TimeUnit.SECONDS)
                        .apply(ApplyRequest.newBuilder().setYaml(yaml).build()))
                .isInstanceOf(StatusRuntimeException.class)
                .satisfies(refused ->
                        assertThat(Status.fromThrowable(refused).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT));
    }
}
