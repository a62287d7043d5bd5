// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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
 * Components that change the states of their models, and repeat each change until it is acknowledged. Half of the models get
 * state change requests; the others have a node that reports their container. All acknowledged changes are recorded.
 */
final class Requests implements AutoCloseable {

    private static final List<String> REQUESTED = List.of("RUNNING", "PAUSED", "EXITED", "DEAD", "CREATED");

    /** Statuses of podman in turn; each gives the model another state than the previous one. */
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
     * The changes of a model, in order.
     *
     * @param acknowledged how many of them were acknowledged; at most one more may have been stored
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

        /** The reason why the last attempt was not acknowledged. */
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

    /** Returns how many changes of each model were acknowledged. */
    List<Integer> counts() {
        return components.stream().map(component -> component.acknowledged).toList();
    }

    /** Returns how many changes of all models were acknowledged. */
    long count() {
        return components.stream()
                .mapToLong(component -> component.acknowledged)
                .sum();
    }

    /**
     * Returns the models with too few new changes, and the answer to the last attempt of each.
     *
     * @param before {@link #counts} at an earlier time
     */
    Map<String, String> stalled(List<Integer> before, int goal) {
        Map<String, String> stalled = new TreeMap<>();
        for (int i = 0; i < components.size(); i++) {
            Component component = components.get(i);
            if (component.acknowledged < before.get(i) + goal) {
                stalled.put(component.model, component.refusal);
            }
        }
        return stalled;
    }

    /** Whether a caller was refused for a reason and no later attempt of it was acknowledged. */
    boolean isRefused(String why) {
        return components.stream().anyMatch(component -> component.refusal.contains(why));
    }

    /**
     * Stops: no further change begins.
     *
     * @throws ExecutionException if one of the components has failed before
     */
    void stop() throws InterruptedException, ExecutionException {
        stopped = true;
        for (Future<?> end : ends) {
            var _ = end.get();
        }
    }

    /** Returns the changes by model, after {@link #stop}. */
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
