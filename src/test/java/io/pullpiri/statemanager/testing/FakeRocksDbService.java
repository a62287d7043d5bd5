package io.pullpiri.statemanager.testing;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.rocksdbservice.BatchPutRequest;
import io.pullpiri.proto.rocksdbservice.BatchPutResponse;
import io.pullpiri.proto.rocksdbservice.DeleteRequest;
import io.pullpiri.proto.rocksdbservice.DeleteResponse;
import io.pullpiri.proto.rocksdbservice.GetByPrefixRequest;
import io.pullpiri.proto.rocksdbservice.GetByPrefixResponse;
import io.pullpiri.proto.rocksdbservice.GetRequest;
import io.pullpiri.proto.rocksdbservice.GetResponse;
import io.pullpiri.proto.rocksdbservice.KeyValue;
import io.pullpiri.proto.rocksdbservice.PutRequest;
import io.pullpiri.proto.rocksdbservice.PutResponse;
import io.pullpiri.proto.rocksdbservice.RocksDbServiceGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * A test double of Pullpiri's RocksDbService: one lock, whole scans, byte order, key rules in bytes, atomic batches, and a
 * limit that it ignores. {@code PullpiriStoreContract} checks it and the real service.
 */
public final class FakeRocksDbService extends RocksDbServiceGrpc.RocksDbServiceImplBase implements AutoCloseable {

    private static final int MAX_REQUEST_BYTES = 4 << 20;
    private static final int MAX_KEY_BYTES = 1_024;

    /** What is stored; it outlives the server, as a database does. */
    public final ConcurrentSkipListMap<String, String> database;

    private final Server server;
    private int port;

    private FakeRocksDbService(int port, ConcurrentSkipListMap<String, String> database) {
        this.database = database;
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .directExecutor()
                .maxInboundMessageSize(MAX_REQUEST_BYTES)
                .addService(this)
                .build();
    }

    public static FakeRocksDbService start() throws IOException {
        return start(0, newDatabase());
    }

    /** @param port 0 for any free one */
    public static FakeRocksDbService start(int port, ConcurrentSkipListMap<String, String> database)
            throws IOException {
        FakeRocksDbService service = new FakeRocksDbService(port, database);
        service.server.start();
        service.port = service.server.getPort();
        return service;
    }

    public static ConcurrentSkipListMap<String, String> newDatabase() {
        return new ConcurrentSkipListMap<>(
                Comparator.comparing(key -> key.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned));
    }

    public int port() {
        return port;
    }

    public String address() {
        return "127.0.0.1:" + port();
    }

    @Override
    public synchronized void put(PutRequest request, StreamObserver<PutResponse> caller) {
        if (isInvalid(request.getKey())) {
            refuse(caller, Status.INVALID_ARGUMENT, "Invalid key: " + request.getKey());
            return;
        }
        database.put(request.getKey(), request.getValue());
        answer(caller, PutResponse.newBuilder().setSuccess(true).build());
    }

    @Override
    public synchronized void get(GetRequest request, StreamObserver<GetResponse> caller) {
        if (request.getKey().isEmpty()) {
            refuse(caller, Status.INVALID_ARGUMENT, "Key cannot be empty");
            return;
        }
        String value = database.get(request.getKey());
        answer(
                caller,
                value == null
                        ? GetResponse.newBuilder().setMessage("Key not found").build()
                        : GetResponse.newBuilder()
                                .setSuccess(true)
                                .setValue(value)
                                .setMessage("Key found")
                                .build());
    }

    @Override
    public synchronized void delete(DeleteRequest request, StreamObserver<DeleteResponse> caller) {
        if (request.getKey().isEmpty()) {
            refuse(caller, Status.INVALID_ARGUMENT, "Key cannot be empty");
            return;
        }
        database.remove(request.getKey());
        answer(caller, DeleteResponse.newBuilder().setSuccess(true).build());
    }

    @Override
    public synchronized void batchPut(BatchPutRequest request, StreamObserver<BatchPutResponse> caller) {
        for (KeyValue pair : request.getPairsList()) {
            if (isInvalid(pair.getKey())) {
                refuse(caller, Status.INVALID_ARGUMENT, "Invalid key: " + pair.getKey());
                return;
            }
        }
        request.getPairsList().forEach(pair -> database.put(pair.getKey(), pair.getValue()));
        answer(
                caller,
                BatchPutResponse.newBuilder()
                        .setSuccess(true)
                        .setProcessedCount(request.getPairsCount())
                        .build());
    }

    @Override
    public synchronized void getByPrefix(GetByPrefixRequest request, StreamObserver<GetByPrefixResponse> caller) {
        if (request.getPrefix().isEmpty()) {
            refuse(caller, Status.INVALID_ARGUMENT, "Prefix cannot be empty");
            return;
        }
        GetByPrefixResponse.Builder response = GetByPrefixResponse.newBuilder();
        database.forEach((key, value) -> {
            if (key.startsWith(request.getPrefix())) {
                response.addPairs(KeyValue.newBuilder().setKey(key).setValue(value));
            }
        });
        answer(caller, response.setTotalCount(response.getPairsCount()).build());
    }

    private static boolean isInvalid(String key) {
        return key.isEmpty()
                || key.getBytes(StandardCharsets.UTF_8).length > MAX_KEY_BYTES
                || key.chars().anyMatch(c -> "<>?{}".indexOf(c) >= 0);
    }

    private static void refuse(StreamObserver<?> caller, Status status, String message) {
        caller.onError(status.withDescription(message).asRuntimeException());
    }

    private static <T> void answer(StreamObserver<T> caller, T response) {
        caller.onNext(response);
        caller.onCompleted();
    }

    /** Ends like a killed process: calls in progress fail. */
    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
