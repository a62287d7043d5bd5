// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.monitoringserver.SendContainerListResponse;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc.StateManagerConnectionStub;
import io.pullpiri.statemanager.store.Keys;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * NodeAgents that report as fast as they are answered. Each has ten models of two packages, and one report in flight. In every
 * report, one of the ten models has changed, or all have.
 */
final class Nodes implements AutoCloseable {

    static final int MODELS = 10;
    static final int MODELS_OF_A_PACKAGE = 5;
    private static final int MOST_CHANNELS = 10;

    private final List<ManagedChannel> channels = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private final boolean allChange;

    Nodes(int port, int count, boolean allChange) {
        this.allChange = allChange;
        for (int i = 0; i < Math.min(count, MOST_CHANNELS); i++) {
            channels.add(NettyChannelBuilder.forAddress("127.0.0.1", port)
                    .usePlaintext()
                    .build());
        }
        for (int i = 0; i < count; i++) {
            nodes.add(new Node(i, StateManagerConnectionGrpc.newStub(channels.get(i % channels.size()))));
        }
    }

    /** Returns the number of packages of the models of a number of nodes. */
    static int packages(int nodes) {
        return nodes * MODELS / MODELS_OF_A_PACKAGE;
    }

    /** @return acknowledged changes of models per second */
    double run(long nanos) throws InterruptedException {
        long start = System.nanoTime();
        long acknowledgedBefore = acknowledged();
        CountDownLatch ended = new CountDownLatch(nodes.size());
        nodes.forEach(node -> node.run(start + nanos, ended));
        if (!ended.await(nanos + TimeUnit.MINUTES.toNanos(1), TimeUnit.NANOSECONDS)) {
            throw new IllegalStateException("a report was not answered within a minute");
        }
        for (Node node : nodes) {
            if (node.failure != null) {
                throw new CutShortException(node.failure);
            }
        }
        return (acknowledged() - acknowledgedBefore) / ((System.nanoTime() - start) / 1e9);
    }

    /** A report was not acknowledged, and its node has stopped. */
    static final class CutShortException extends IllegalStateException {
        private CutShortException(Throwable cause) {
            super("a report failed", cause);
        }
    }

    /** Returns how many changes of models were acknowledged. */
    long acknowledged() {
        return nodes.stream().mapToLong(node -> node.changes.get()).sum();
    }

    /**
     * Returns how many models have neither the state that was last acknowledged to their node, nor one that was reported later
     * without an answer.
     *
     * @param stored the keys of models with their values
     * @throws IllegalStateException if a node was never answered, so that no loss could be found
     */
    double lost(Map<String, String> stored) {
        double lost = 0;
        for (Node node : nodes) {
            if (node.changes.get() == 0) {
                throw new IllegalStateException("node-" + node.number + " was never answered");
            }
            for (int model = 0; model < MODELS; model++) {
                String found = stored.get(Keys.modelState(node.name(model)));
                boolean kept = state(node.acknowledged[model]).equals(found)
                        || state(node.reported[model]).equals(found);
                lost += kept ? 0 : 1;
            }
        }
        return lost;
    }

    private static String state(boolean running) {
        return running ? "Running" : "Dead";
    }

    @Override
    public void close() {
        channels.forEach(ManagedChannel::shutdownNow);
    }

    private final class Node {

        private final int number;
        private final StateManagerConnectionStub stub;
        private final ContainerInfo[] up = new ContainerInfo[MODELS];
        private final ContainerInfo[] down = new ContainerInfo[MODELS];
        private final AtomicLong changes = new AtomicLong();
        private volatile boolean[] acknowledged = new boolean[MODELS];
        private volatile boolean[] reported = acknowledged;
        private int reports;
        private volatile @Nullable Throwable failure;

        Node(int number, StateManagerConnectionStub stub) {
            this.number = number;
            this.stub = stub;
            for (int model = 0; model < MODELS; model++) {
                up[model] = Vehicle.container(name(model), true);
                down[model] = Vehicle.container(name(model), false);
            }
        }

        String name(int model) {
            int all = number * MODELS + model;
            return Vehicle.modelName(all / MODELS_OF_A_PACKAGE, all % MODELS_OF_A_PACKAGE);
        }

        void run(long until, CountDownLatch ended) {
            if (System.nanoTime() >= until || failure != null) {
                ended.countDown();
                return;
            }
            boolean[] next = acknowledged.clone();
            int first = allChange ? 0 : reports % MODELS;
            int last = allChange ? MODELS - 1 : first;
            ContainerList.Builder list = ContainerList.newBuilder().setNodeName("node-" + number);
            for (int model = 0; model < MODELS; model++) {
                next[model] ^= model >= first && model <= last;
                list.addContainers(next[model] ? up[model] : down[model]);
            }
            // The first report of a node changes all its models.
            int news = reports == 0 ? MODELS : last - first + 1;
            reports++;
            reported = next;
            stub.withDeadlineAfter(60, TimeUnit.SECONDS)
                    .sendChangedContainerList(list.build(), new StreamObserver<SendContainerListResponse>() {
                        @Override
                        public void onNext(SendContainerListResponse response) {
                            acknowledged = next;
                            changes.addAndGet(news);
                        }

                        @Override
                        public void onError(Throwable thrown) {
                            failure = thrown;
                            ended.countDown();
                        }

                        @Override
                        public void onCompleted() {
                            run(until, ended);
                        }
                    });
        }
    }
}
