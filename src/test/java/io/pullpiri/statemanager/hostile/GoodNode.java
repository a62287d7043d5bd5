// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A well-behaved NodeAgent, whose one container dies and starts again repeatedly. */
final class GoodNode implements AutoCloseable {

    private final ManagedChannel channel;
    private final AtomicInteger accepted = new AtomicInteger();
    private final List<String> failures = new CopyOnWriteArrayList<>();
    private volatile long lastHeard = System.nanoTime();
    private volatile long longestSilence;
    private volatile boolean stopped;

    GoodNode(int port) {
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        Thread.ofVirtual().start(this::report);
    }

    private void report() {
        for (int number = 0; !stopped; number++) {
            ContainerList list = ContainerList.newBuilder()
                    .setNodeName("good")
                    .addContainers(ContainerInfo.newBuilder()
                            .setId("c1")
                            .addNames("model-good")
                            .putState("Status", number % 2 == 0 ? "running" : "exited")
                            .putState("ExitCode", number % 2 == 0 ? "0" : "1"))
                    .build();
            try {
                var _ = StateManagerConnectionGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(2, TimeUnit.MINUTES)
                        .sendChangedContainerList(list);
                long now = System.nanoTime();
                longestSilence = Math.max(longestSilence, now - lastHeard);
                lastHeard = now;
                accepted.incrementAndGet();
                TimeUnit.MILLISECONDS.sleep(20);
            } catch (StatusRuntimeException e) {
                String description = String.valueOf(e.getStatus().getDescription());
                // The newest list is kept, and is stored later.
                boolean kept =
                        e.getStatus().getCode() == Status.Code.UNAVAILABLE && description.startsWith("not durable yet");
                if (!stopped && !kept) {
                    failures.add(e.getStatus().toString());
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Returns how many of its reports were accepted. */
    int accepted() {
        return accepted.get();
    }

    /** Returns the longest time between two accepted reports. */
    Duration longestSilence() {
        return Duration.ofNanos(longestSilence);
    }

    /** Returns the other answers. */
    List<String> failures() {
        return failures;
    }

    @Override
    public void close() {
        stopped = true;
        channel.shutdownNow();
    }
}
