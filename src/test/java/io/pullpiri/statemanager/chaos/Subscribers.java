// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import java.util.Iterator;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Subscribers that connect, read events for up to five seconds, and disconnect. */
final class Subscribers implements AutoCloseable {

    private final int port;
    private final AtomicLong received = new AtomicLong();
    private volatile boolean stopped;

    Subscribers(int port, int count) {
        this.port = port;
        for (int i = 0; i < count; i++) {
            Thread.ofVirtual().start(this::comeAndGo);
        }
    }

    private void comeAndGo() {
        while (!stopped) {
            ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                    .usePlaintext()
                    .build();
            try {
                Iterator<StateChangeEvent> events = StateManagerConnectionGrpc.newBlockingStub(channel)
                        .withWaitForReady()
                        .withDeadlineAfter(ThreadLocalRandom.current().nextInt(100, 5_000), TimeUnit.MILLISECONDS)
                        .subscribeToStateChanges(StateChangeSubscriptionRequest.getDefaultInstance());
                while (events.hasNext()) {
                    events.next();
                    received.incrementAndGet();
                }
            } catch (StatusRuntimeException e) {
                // Its time is over, or the server is unavailable.
            } finally {
                channel.shutdownNow();
            }
        }
    }

    /** Returns how many events all of them received. */
    long received() {
        return received.get();
    }

    @Override
    public void close() {
        stopped = true;
    }
}
