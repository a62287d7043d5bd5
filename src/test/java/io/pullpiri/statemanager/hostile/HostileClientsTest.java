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
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.Proc;
import io.pullpiri.statemanager.cascade.World;
import io.pullpiri.statemanager.cli.Program;
import io.pullpiri.statemanager.store.Await;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that mean ill, against the program as it is started. Whatever they do, a node that means well is heard all the
 * time, if need be late, and the program takes no more memory than it may.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class HostileClientsTest {

    /** The usual heap and as much for the network, and what the JVM itself takes. */
    private static final double MOST_MEGABYTES = 256 + 256 + 200;

    private static final int CONNECTIONS = 10_000;
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
        good = new GoodNode(server.port());
        awaitGood();
    }

    private ManagedChannel channel() {
        return NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
    }

    private void awaitGood() {
        int before = good.heard();
        Await.until(Duration.ofSeconds(30), () -> "the good node is heard", () -> good.heard() > before + 5);
    }

    @AfterEach
    void theGoodNodeWasHeardAllTheTime() {
        try (Program _ = server;
                GoodNode _ = good) {
            awaitGood();
            assertThat(good.failures()).isEmpty();
            assertThat(residentMegabytes()).isLessThan(MOST_MEGABYTES);
            assertThat(server.output()).doesNotContain("ERROR");
        } finally {
            channel.shutdownNow();
        }
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
    void tenThousandContainersInOneListAreStored() {
        ContainerList list = list("large", 10_000);
        assertThat(list.getSerializedSize()).isLessThan(4 << 20);
        assertThat(stub().sendChangedContainerList(list).getResp()).contains("10000 containers");
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
        try (RawConnection connection = new RawConnection(server.port())) {
            connection.greet();
            for (int stream = 1; stream < 200; stream += 2) {
                connection.beginCall(stream, "/" + REPORT, list);
            }
            connection.awaitFrame(RawConnection.HEADERS, 1);
        }
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
        listsOverGrpcThatNobodyTakesKeepOthersFromBeingMade(known);
        listsOverHttpThatNobodyTakesHaveTheirNumber(known);
    }

    /** @return how many models are known */
    private int fillMemory() {
        String refusal = null;
        int lists = 0;
        for (; refusal == null && lists < 1_000; lists++) {
            try {
                var _ = stub().sendChangedContainerList(list("node-" + lists, 1_000));
            } catch (StatusRuntimeException e) {
                refusal = e.getMessage();
            }
        }
        assertThat(lists).isGreaterThan(50);
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
                return list();
            } catch (StatusRuntimeException e) {
                assertThat(e.getMessage()).startsWith("UNAVAILABLE: busy");
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    private int list() {
        return stub().withMaxInboundMessageSize(256 << 20)
                .listResourcesByState(ALL_MODELS)
                .getResourcesCount();
    }

    private void listsOverGrpcThatNobodyTakesKeepOthersFromBeingMade(int known) throws InterruptedException {
        ManagedChannel silent = channel();
        for (int i = 0; i < 30; i++) {
            ClientCall<ListResourcesByStateRequest, ListResourcesByStateResponse> call =
                    silent.newCall(StateManagerConnectionGrpc.getListResourcesByStateMethod(), CallOptions.DEFAULT);
            call.start(new ClientCall.Listener<>() {}, new Metadata());
            call.sendMessage(ALL_MODELS);
            call.halfClose(); // and never asks for the answer
        }
        Await.until(Duration.ofSeconds(30), () -> "that too much waits to be taken", () -> {
            try {
                return list() < 0;
            } catch (StatusRuntimeException e) {
                return "UNAVAILABLE: busy: too many answers wait to be taken".equals(e.getMessage());
            }
        });
        silent.shutdownNow();
        assertThat(listed()).isGreaterThanOrEqualTo(known);
    }

    private void listsOverHttpThatNobodyTakesHaveTheirNumber(int known) throws IOException, InterruptedException {
        List<Socket> silent = new ArrayList<>();
        for (int i = 0; i < HTTP_ANSWERS; i++) {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.httpPort());
            socket.getOutputStream()
                    .write(("GET " + MODELS + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            silent.add(socket);
        }
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.httpPort() + MODELS))
                    .build();
            HttpResponse<String> refused = http.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(refused.statusCode()).isEqualTo(503);
            assertThat(refused.body()).contains("busy: " + HTTP_ANSWERS + " callers are being answered");
            for (Socket socket : silent) {
                socket.close();
            }
            assertThat(bytes(http)).isGreaterThan(known * 200L);
        }
    }

    @Test
    void aFloodOfLargeListsIsTurnedAwayAndTakesNoMoreMemoryThanItMay() throws Exception {
        List<ManagedChannel> channels = new ArrayList<>();
        List<ListenableFuture<SendContainerListResponse>> calls = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            channels.add(channel());
        }
        ContainerList large = list("flood", 3_000);
        for (int i = 0; i < 500; i++) {
            ContainerList list =
                    large.toBuilder().setNodeName("flood-" + i % 50).build();
            calls.add(StateManagerConnectionGrpc.newFutureStub(channels.get(i % channels.size()))
                    .withDeadlineAfter(90, TimeUnit.SECONDS)
                    .sendChangedContainerList(list));
        }
        Map<Status.Code, Status> answers = new EnumMap<>(Status.Code.class);
        for (ListenableFuture<SendContainerListResponse> call : calls) {
            Status answer = answer(call);
            answers.put(answer.getCode(), answer);
        }
        channels.forEach(ManagedChannel::shutdownNow);
        assertThat(answers.keySet())
                .as(answers.toString())
                .isSubsetOf(Status.Code.OK, Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED)
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
            RawConnection connection = new RawConnection(server.port());
            connection.greet();
            for (int stream = 1; stream < 40; stream += 2) {
                connection.beginCall(stream, "/" + REPORT, 4 << 20, 10_000);
            }
            slow.add(connection);
        }
        for (RawConnection connection : slow) {
            connection.awaitFrame(RawConnection.HEADERS, 1); // the status
            connection.close();
        }
    }

    @Test
    void connectionsOverWhichNothingComesAreEnded() throws IOException {
        List<RawConnection> silent = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            silent.add(new RawConnection(server.port()));
        }
        for (RawConnection connection : silent) {
            assertThat(connection.isEnded()).isTrue();
            connection.close();
        }
    }

    @Test
    void ofTenThousandConnectionsMostAreTurnedAway() throws IOException {
        List<RawConnection> many = new ArrayList<>();
        int turnedAway = 0;
        for (int i = 0; i < CONNECTIONS; i++) {
            many.add(new RawConnection(server.port()));
        }
        for (int i = CONNECTIONS - 1; i >= 2_000; i--) {
            turnedAway += many.get(i).isEnded() ? 1 : 0;
        }
        assertThat(turnedAway).isEqualTo(CONNECTIONS - 2_000);
        for (RawConnection connection : many) {
            connection.close();
        }
        ManagedChannel another = channel();
        var _ = StateManagerConnectionGrpc.newBlockingStub(another)
                .withWaitForReady()
                .withDeadlineAfter(30, TimeUnit.SECONDS)
                .sendChangedContainerList(list("another", 1));
        another.shutdownNow();
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
