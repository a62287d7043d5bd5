package io.pullpiri.statemanager.chaos;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.ErrorCode;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc.StateManagerConnectionBlockingStub;
import io.pullpiri.statemanager.testing.ServerRig;
import io.pullpiri.statemanager.testing.SpecificationTables;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Components that give their models one state after the other, each again and again until it is acknowledged. Of every two
 * models one is asked for its state, and one has a node that reports its container. What was acknowledged is remembered.
 */
final class Requests implements AutoCloseable {

    private static final List<String> REQUESTED = List.of("RUNNING", "PAUSED", "EXITED", "DEAD", "CREATED");

    /** What podman says of a container, never twice the same state of its model. */
    private static final List<String> REPORTED = List.of("running", "paused", "exited:0", "exited:139");

    private static final int PAUSE_MILLIS = 20;

    private final ManagedChannel channel;
    private final List<Component> components = new ArrayList<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Future<?>> ends = new ArrayList<>();
    private volatile boolean stopped;

    /** @param transitionId of the request; empty where it follows from a container list */
    record Change(String state, String transitionId) {}

    /**
     * What a model was given, in order.
     *
     * @param acknowledged how many of them; what came after that, one at the most, may have happened or not
     */
    record Made(List<Change> changes, int acknowledged) {}

    Requests(int port, List<String> models) {
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        for (String model : models) {
            components.add(new Component(model, components.size() % 2 == 0));
        }
    }

    void start() {
        components.forEach(component -> ends.add(threads.submit(component)));
    }

    private final class Component implements Runnable {

        private final String model;
        private final boolean reports;
        private final List<Change> made = new ArrayList<>();
        private volatile int acknowledged;

        /** Why the last attempt was not acknowledged. */
        private volatile String refusal = "";

        Component(String model, boolean reports) {
            this.model = model;
            this.reports = reports;
        }

        @Override
        public void run() {
            for (int number = 1; !stopped; number++) {
                String status = REPORTED.get(number % REPORTED.size());
                Change change = reports
                        ? new Change(SpecificationTables.containerState(status), "")
                        : new Change(REQUESTED.get(number % REQUESTED.size()), model + "-" + number);
                made.add(change);
                while (!isAcknowledged(change, status)) {
                    if (stopped) {
                        return;
                    }
                    sleep();
                }
                acknowledged = number;
                sleep();
            }
        }

        private boolean isAcknowledged(Change change, String status) {
            StateManagerConnectionBlockingStub server =
                    StateManagerConnectionGrpc.newBlockingStub(channel).withDeadlineAfter(2, TimeUnit.SECONDS);
            try {
                refusal = reports ? report(server, status) : request(server, change);
            } catch (StatusRuntimeException e) {
                refusal = e.getStatus().toString();
            }
            return refusal.isEmpty();
        }

        private String report(StateManagerConnectionBlockingStub server, String status) {
            var _ = server.sendChangedContainerList(ContainerList.newBuilder()
                    .setNodeName("node-of-" + model)
                    .addContainers(ServerRig.container(model, status))
                    .build());
            return "";
        }

        private String request(StateManagerConnectionBlockingStub server, Change change) {
            var response = server.sendStateChange(StateChange.newBuilder()
                    .setResourceType(ResourceType.RESOURCE_TYPE_MODEL)
                    .setResourceName(model)
                    .setTargetState(change.state())
                    .setTransitionId(change.transitionId())
                    .setTimestampNs(TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis()))
                    .setSource("chaos")
                    .build());
            return response.getErrorCode() == ErrorCode.ERROR_CODE_SUCCESS
                    ? ""
                    : response.getErrorCode() + ": " + response.getErrorDetails();
        }

        private static void sleep() {
            try {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** How many changes have been acknowledged, of each model. */
    List<Integer> counts() {
        return components.stream().map(component -> component.acknowledged).toList();
    }

    /** How many have been acknowledged in all. */
    long count() {
        return components.stream()
                .mapToLong(component -> component.acknowledged)
                .sum();
    }

    /**
     * The models that have not come on by so many changes, and what the last attempt was answered with.
     *
     * @param before {@link #counts} of then
     */
    Map<String, String> behind(List<Integer> before, int goal) {
        Map<String, String> behind = new TreeMap<>();
        for (int i = 0; i < components.size(); i++) {
            Component component = components.get(i);
            if (component.acknowledged < before.get(i) + goal) {
                behind.put(component.model, component.refusal);
            }
        }
        return behind;
    }

    /** Whether somebody was refused for that reason and has not been heard since. */
    boolean isRefused(String why) {
        return components.stream().anyMatch(component -> component.refusal.contains(why));
    }

    /**
     * No further change begins.
     *
     * @throws ExecutionException if one of the components has ended before, and why
     */
    void stop() throws InterruptedException, ExecutionException {
        stopped = true;
        for (Future<?> end : ends) {
            var _ = end.get();
        }
    }

    /** After {@link #stop}, by model. */
    Map<String, Made> made() {
        Map<String, Made> made = new TreeMap<>();
        components.forEach(component -> made.put(component.model, new Made(component.made, component.acknowledged)));
        return made;
    }

    @Override
    public void close() {
        stopped = true;
        channel.shutdownNow();
        threads.shutdown();
    }
}
