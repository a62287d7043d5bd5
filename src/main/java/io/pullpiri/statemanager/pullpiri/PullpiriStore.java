// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import com.google.common.base.Throwables;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.rocksdbservice.BatchPutRequest;
import io.pullpiri.proto.rocksdbservice.BatchPutResponse;
import io.pullpiri.proto.rocksdbservice.DeleteRequest;
import io.pullpiri.proto.rocksdbservice.DeleteResponse;
import io.pullpiri.proto.rocksdbservice.GetByPrefixRequest;
import io.pullpiri.proto.rocksdbservice.GetByPrefixResponse;
import io.pullpiri.proto.rocksdbservice.GetRequest;
import io.pullpiri.proto.rocksdbservice.GetResponse;
import io.pullpiri.proto.rocksdbservice.KeyValue;
import io.pullpiri.proto.rocksdbservice.RocksDbServiceGrpc;
import io.pullpiri.proto.rocksdbservice.RocksDbServiceGrpc.RocksDbServiceBlockingStub;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A client of Pullpiri's RocksDbService. The service has no revisions, no watch and no conditions, so no answer
 * is the base of a condition. Each call waits for its answer, with a deadline. May be used from any thread.
 */
public final class PullpiriStore implements AutoCloseable {

    /** The service has no paging, so the answer to a read of a prefix has no other limit. */
    private static final int MAX_ANSWER_BYTES = 64 << 20;

    /** The service rejects a message over 4 MiB. The rest is for the framing of the pairs. */
    private static final int MAX_BATCH_BYTES = 3 << 20;

    private static final int PAIR_OVERHEAD_BYTES = 16;

    private final String name;
    private final Duration timeout;
    private final ManagedChannel channel;

    /**
     * Connects when the first call is made.
     *
     * @param address {@code host:port}
     * @param timeout of each call
     */
    public PullpiriStore(String address, Duration timeout) {
        this.name = "Pullpiri's store at " + address;
        this.timeout = timeout;
        this.channel = NettyChannelBuilder.forTarget(address)
                .usePlaintext()
                .maxInboundMessageSize(MAX_ANSWER_BYTES)
                .keepAliveTime(30, TimeUnit.SECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .build();
    }

    /**
     * Reads all keys that begin with a prefix. The service scans its whole database for it.
     *
     * @return in the order of the keys
     * @throws PullpiriStoreException if there is no complete answer in time
     */
    public SortedMap<String, String> readPrefix(String prefix) throws PullpiriStoreException {
        GetByPrefixResponse response = call(stub -> stub.getByPrefix(
                GetByPrefixRequest.newBuilder().setPrefix(prefix).build()));
        requireSuccess("GetByPrefix", response.getError().isEmpty(), response.getError());
        TreeMap<String, String> pairs = new TreeMap<>();
        for (KeyValue pair : response.getPairsList()) {
            pairs.put(pair.getKey(), pair.getValue());
        }
        return pairs;
    }

    /**
     * Reads one key.
     *
     * @return empty if there is no such key
     * @throws PullpiriStoreException if there is no answer in time
     */
    public Optional<String> read(String key) throws PullpiriStoreException {
        GetResponse response =
                call(stub -> stub.get(GetRequest.newBuilder().setKey(key).build()));
        return response.getSuccess() ? Optional.of(response.getValue()) : Optional.empty();
    }

    /**
     * Stores pairs, in as many batches as their size needs, in their order. Each batch is stored as a whole or not at all.
     *
     * @throws PullpiriStoreException if a batch is not confirmed in time; it and the batches after it may be missing
     */
    public void write(Map<String, String> pairs) throws PullpiriStoreException {
        BatchPutRequest.Builder batch = BatchPutRequest.newBuilder();
        long bytes = 0;
        for (Map.Entry<String, String> pair : pairs.entrySet()) {
            KeyValue keyValue = KeyValue.newBuilder()
                    .setKey(pair.getKey())
                    .setValue(pair.getValue())
                    .build();
            int more = keyValue.getSerializedSize() + PAIR_OVERHEAD_BYTES;
            if (bytes > 0 && bytes + more > MAX_BATCH_BYTES) {
                write(batch.build());
                batch.clear();
                bytes = 0;
            }
            batch.addPairs(keyValue);
            bytes += more;
        }
        if (bytes > 0) {
            write(batch.build());
        }
    }

    private void write(BatchPutRequest batch) throws PullpiriStoreException {
        BatchPutResponse response = call(stub -> stub.batchPut(batch));
        requireSuccess("BatchPut", response.getSuccess(), response.getError());
    }

    /**
     * Deletes a key. It need not exist.
     *
     * @throws PullpiriStoreException if the deletion is not confirmed in time
     */
    public void delete(String key) throws PullpiriStoreException {
        DeleteResponse response =
                call(stub -> stub.delete(DeleteRequest.newBuilder().setKey(key).build()));
        requireSuccess("Delete", response.getSuccess(), response.getError());
    }

    private void requireSuccess(String call, boolean success, String error) throws PullpiriStoreException {
        if (!success) {
            throw new PullpiriStoreException(name + ": " + call + " failed: " + error, null);
        }
    }

    private <T> T call(Function<RocksDbServiceBlockingStub, T> call) throws PullpiriStoreException {
        try {
            return call.apply(RocksDbServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS));
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
                // gRPC refuses calls for up to two minutes before it connects again. After this, the next call
                // connects.
                channel.enterIdle();
            }
            throw new PullpiriStoreException(describe(e.getStatus()), e);
        }
    }

    private String describe(Status status) {
        @Nullable
        String reason = status.getCause() == null
                ? status.getDescription()
                : Throwables.getRootCause(status.getCause()).getMessage();
        return switch (status.getCode()) {
            case UNAVAILABLE -> name + " cannot be reached: " + reason;
            case DEADLINE_EXCEEDED -> name + " did not answer within " + timeout.toMillis() + " ms";
            default -> name + ": " + status.getCode() + (reason == null ? "" : ", " + reason);
        };
    }

    @Override
    public void close() {
        channel.shutdownNow();
        try {
            channel.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
