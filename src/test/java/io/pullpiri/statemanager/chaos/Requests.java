package io.pullpiri.statemanager.chaos;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.statemanager.ErrorCode;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateChangeResponse;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Components that ask for one state of their model after the other, each again and again under the same id until it is
 * acknowledged. What was acknowledged is remembered.
 */
final class Requests implements AutoCloseable {

    private static final List<String> STATES = List.of("RUNNING", "PAUSED", "EXITED", "DEAD", "CREATED");
    private static final int PAUSE_MILLIS = 20;

    private final ManagedChannel channel;
    private final Map<String, List<String>> acknowledged = new TreeMap<>();
    private final AtomicLong count = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;

    Requests(int port, List<String> models) {
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        for (String model : models) {
            List<String> ids = Collections.synchronizedList(new ArrayList<>());
            acknowledged.put(model, ids);
            threads.add(Thread.ofVirtual().start(() -> ask(model, ids)));
        }
    }

    private void ask(String model, List<String> ids) {
        for (int number = 1; !stopped; number++) {
            StateChange change = StateChange.newBuilder()
                    .setResourceType(ResourceType.RESOURCE_TYPE_MODEL)
                    .setResourceName(model)
                    .setTargetState(STATES.get(number % STATES.size()))
                    .setTransitionId(model + "-" + number)
                    .setTimestampNs(TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis()))
                    .setSource("chaos")
                    .build();
            while (!isAcknowledged(change)) {
                if (stopped) {
                    return;
                }
                sleep();
            }
            ids.add(change.getTransitionId());
            count.incrementAndGet();
            sleep();
        }
    }

    private boolean isAcknowledged(StateChange change) {
        try {
            StateChangeResponse response = StateManagerConnectionGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(2, TimeUnit.SECONDS)
                    .sendStateChange(change);
            return response.getErrorCode() == ErrorCode.ERROR_CODE_SUCCESS;
        } catch (StatusRuntimeException e) {
            return false;
        }
    }

    private static void sleep() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** How many have been acknowledged. */
    long count() {
        return count.get();
    }

    /** The ids that were acknowledged, in order, by model. */
    Map<String, List<String>> acknowledged() {
        Map<String, List<String>> copy = new TreeMap<>();
        acknowledged.forEach((model, ids) -> {
            synchronized (ids) {
                copy.put(model, List.copyOf(ids));
            }
        });
        return copy;
    }

    void stop() throws InterruptedException {
        stopped = true;
        for (Thread thread : threads) {
            thread.join();
        }
    }

    @Override
    public void close() {
        stopped = true;
        channel.shutdownNow();
    }
}
