// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

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
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

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
    private @Nullable DataOutputStream log;

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

    /**
     * Runs the service as a process of its own, until it is killed. What it has answered survives a SIGKILL, as with RocksDB.
     *
     * @param args the port, and the file that keeps the database
     */
    public static void main(String[] args) throws Exception {
        ConcurrentSkipListMap<String, String> database = newDatabase();
        Path file = Path.of(args[1]);
        if (Files.exists(file)) {
            try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
                while (true) {
                    String key = in.readUTF();
                    if (in.readBoolean()) {
                        database.put(key, in.readUTF());
                    } else {
                        database.remove(key);
                    }
                }
            } catch (EOFException e) {
                // The end, or a last entry that a kill has cut off. It was not answered.
            }
        }
        FakeRocksDbService service = new FakeRocksDbService(Integer.parseInt(args[0]), database);
        Path next = file.resolveSibling(file.getFileName() + ".next");
        service.log = new DataOutputStream(Files.newOutputStream(next));
        database.forEach(service::record);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE); // a kill leaves the old file or the new one
        service.server.start();
        service.server.awaitTermination();
    }

    /** Keeps one change in the file, if there is one. A null value is a deletion. */
    private void record(String key, @Nullable String value) {
        if (log == null) {
            return;
        }
        try {
            ByteArrayOutputStream entry = new ByteArrayOutputStream();
            try (DataOutputStream out = new DataOutputStream(entry)) {
                out.writeUTF(key);
                out.writeBoolean(value != null);
                if (value != null) {
                    out.writeUTF(value);
                }
            }
            log.write(entry.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
        record(request.getKey(), request.getValue());
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
        record(request.getKey(), null);
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
        request.getPairsList().forEach(pair -> {
            database.put(pair.getKey(), pair.getValue());
            record(pair.getKey(), pair.getValue());
        });
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
