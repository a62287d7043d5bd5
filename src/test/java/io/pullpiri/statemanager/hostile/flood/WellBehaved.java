// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.ResourceStateRequest;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc.StateManagerConnectionBlockingStub;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The load of a vehicle: 100 nodes that report, components that query and request, subscribers, dashboards and scrapers. */
final class WellBehaved implements AutoCloseable {

    private static final int NODES = 100;
    private static final int CONNECT_EACH_TIME = 90;
    private static final int COME_LATE = 95;
    private static final int MODELS = 5;
    private static final int CALLERS = 5;
    private static final int STREAMS = 5;

    /** Every tenth node has this many additional containers, so that its list is larger than 100 KB. */
    private static final int MORE_CONTAINERS = 60;

    private static final int CONTAINER_BYTES = 1_700;

    private static final int SHOWN = 100;

    private static final long REPORT_MILLIS = 500;
    private static final long ASK_MILLIS = 200;

    /** How long each list waits for its answer: so long that a slow machine does not fail, but a server that starves nodes does. */
    private static final long DEADLINE_SECONDS = 30;

    private final FloodServer server;
    private final List<ManagedChannel> channels = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new CopyOnWriteArrayList<>();
    private volatile Measured measured = new Measured();
    private volatile boolean late;
    private volatile boolean stopped;

    /** Applies packages with the models, starts the load, and waits until each kind of request was answered a few times. */
    WellBehaved(FloodServer server) {
        this.server = server;
        ManagedChannel channel = connect();
        var _ = ArtifactsGrpc.newBlockingStub(channel)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .apply(ApplyRequest.newBuilder().setYaml(packages()).build());
        for (int i = 0; i < NODES; i++) {
            int number = i;
            start(() -> new Node(number).run());
        }
        for (int i = 0; i < CALLERS; i++) {
            int number = i;
            start(() -> ask(stub(channel), number));
        }
        for (int i = 0; i < STREAMS; i++) {
            start(this::subscribe);
            start(this::follow);
        }
        start(() -> repeat(ASK_MILLIS, () -> get("/health", measured.health)));
        start(() -> repeat(ASK_MILLIS, () -> get("/metrics", measured.metrics)));
        start(() -> repeat(ASK_MILLIS * 5, this::showDashboard));
        int lists = NODES * 3;
        Await.until(Duration.ofSeconds(60), () -> "the load's first answers", () -> measured.reports.answers() > lists);
    }

    private static String packages() {
        return IntStream.range(0, NODES)
                .mapToObj(node -> CascadeRig.packageYaml(
                        "package-" + node,
                        IntStream.range(0, MODELS)
                                .mapToObj(model -> model(node, model))
                                .toArray(String[]::new)))
                .collect(Collectors.joining("\n---\n"));
    }

    private static String model(int node, int model) {
        return "m-%d-%d".formatted(node, model);
    }

    /** Begins a phase, and returns its measurements, to which later requests are added. */
    Measured measure() {
        measured = new Measured();
        return measured;
    }

    /** Starts the nodes that report late. */
    void comeLate() {
        late = true;
    }

    private void start(Runnable task) {
        threads.add(Thread.ofVirtual().start(task));
    }

    private ManagedChannel connect() {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port(Attack.Port.GRPC))
                .usePlaintext()
                .build();
        channels.add(channel);
        return channel;
    }

    private void disconnect(ManagedChannel channel) {
        channel.shutdownNow();
        channels.remove(channel);
    }

    private static StateManagerConnectionBlockingStub stub(ManagedChannel channel) {
        return StateManagerConnectionGrpc.newBlockingStub(channel)
                .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    private void repeat(long millis, Runnable task) {
        while (!stopped) {
            task.run();
            try {
                TimeUnit.MILLISECONDS.sleep(millis);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private final class Node {

        private final int number;
        private final boolean connectsEachTime;
        private final ContainerList[] lists = new ContainerList[2];
        private @Nullable ManagedChannel channel;
        private int reported;

        Node(int number) {
            this.number = number;
            this.connectsEachTime = number >= CONNECT_EACH_TIME && number < COME_LATE;
            for (int state = 0; state < 2; state++) {
                lists[state] = list(state == 0);
            }
        }

        private ContainerList list(boolean running) {
            ContainerList.Builder list = ContainerList.newBuilder().setNodeName("node-" + number);
            for (int model = 0; model < MODELS; model++) {
                String name = model(number, model);
                list.addContainers(Attacks.Lists.container(name, "model-" + name, running || model > 0, 0));
            }
            for (int i = 0; i < (number % 10 == 0 ? MORE_CONTAINERS : 0); i++) {
                list.addContainers(Attacks.Lists.container(number + "-" + i, "other_" + i, true, CONTAINER_BYTES));
            }
            return list.build();
        }

        void run() {
            repeat(REPORT_MILLIS, () -> {
                if (number < COME_LATE || late) {
                    report();
                }
            });
        }

        /** Sends one list. Its first model dies in every twentieth list, and starts again ten lists later. */
        private void report() {
            ContainerList list = lists[(reported + number) / 10 % 2];
            Measured here = measured;
            boolean isNew = channel == null;
            ManagedChannel current = channel == null ? connect() : channel;
            channel = current;
            Latencies latencies = isNew ? here.newcomers : here.reports;
            long start = System.nanoTime();
            try {
                var _ = stub(current).sendChangedContainerList(list);
                latencies.answered(System.nanoTime() - start);
            } catch (StatusRuntimeException e) {
                String description = String.valueOf(e.getStatus().getDescription());
                if (e.getStatus().getCode() == Status.Code.UNAVAILABLE && description.startsWith("not durable yet")) {
                    here.late.incrementAndGet();
                } else if (!stopped) {
                    latencies.failed("node-" + number + ": " + shown(e));
                }
            }
            reported++;
            if (connectsEachTime) {
                disconnect(current);
                channel = null;
            }
        }
    }

    private static String shown(StatusRuntimeException e) {
        String description = String.valueOf(e.getStatus().getDescription());
        return e.getStatus().getCode() + ", "
                + (description.length() > SHOWN ? description.substring(0, SHOWN) + "..." : description);
    }

    /** Sends queries and state change requests in turn, as ApiServer and FilterGateway do. */
    private void ask(StateManagerConnectionBlockingStub any, int number) {
        ManagedChannel channel = (ManagedChannel) any.getChannel();
        int[] asked = {0};
        repeat(ASK_MILLIS, () -> {
            Measured here = measured;
            long start = System.nanoTime();
            String name = model(number, 1 + asked[0] % (MODELS - 1));
            try {
                if (asked[0]++ % 2 == 0) {
                    var _ = stub(channel)
                            .getResourceState(ResourceStateRequest.newBuilder()
                                    .setResourceType(ResourceType.RESOURCE_TYPE_MODEL)
                                    .setResourceName(name)
                                    .build());
                } else {
                    var _ = stub(channel)
                            .sendStateChange(StateChange.newBuilder()
                                    .setResourceType(ResourceType.RESOURCE_TYPE_MODEL)
                                    .setResourceName(name)
                                    .setTargetState("RUNNING")
                                    .setTransitionId("t-" + number + "-" + asked[0])
                                    .setTimestampNs(System.currentTimeMillis() * 1_000_000)
                                    .setSource("flood")
                                    .build());
                }
                here.requests.answered(System.nanoTime() - start);
            } catch (StatusRuntimeException e) {
                if (!stopped) {
                    here.requests.failed(shown(e));
                }
            }
        });
    }

    private void subscribe() {
        ManagedChannel channel = connect();
        repeat(ASK_MILLIS, () -> {
            try {
                StateManagerConnectionGrpc.newBlockingStub(channel)
                        .subscribeToStateChanges(StateChangeSubscriptionRequest.getDefaultInstance())
                        .forEachRemaining(event -> {});
                measured.endedStreams.incrementAndGet();
            } catch (StatusRuntimeException e) {
                if (!stopped) {
                    measured.endedStreams.incrementAndGet();
                }
            }
        });
    }

    /** Loads pages and data as a dashboard does. */
    private void follow() {
        repeat(ASK_MILLIS, () -> {
            try {
                HttpCall.stream(server.port(Attack.Port.HTTP), "/api/v1/events", () -> stopped);
            } catch (IOException e) {
                // It counts like any other end.
            }
            if (!stopped) {
                measured.endedStreams.incrementAndGet();
            }
        });
    }

    private void showDashboard() {
        for (String path : List.of("/", "/lib/echarts/echarts.esm.min.js", "/api/v1/packages")) {
            get(path, measured.pages);
        }
    }

    private void get(String path, Latencies latencies) {
        long start = System.nanoTime();
        try {
            HttpCall.get(server.port(Attack.Port.HTTP), path);
            latencies.answered(System.nanoTime() - start);
        } catch (IOException e) {
            if (!stopped) {
                latencies.failed("GET " + path + ": " + e);
            }
        }
    }

    @Override
    public void close() {
        stopped = true;
        threads.forEach(Thread::interrupt);
        new ArrayList<>(channels).forEach(ManagedChannel::shutdownNow);
    }
}
