// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KVGrpc.KVBlockingStub;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.netty.channel.EventLoopGroup;
import io.pullpiri.statemanager.store.CommitResult;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Prefixes;
import io.pullpiri.statemanager.store.Snapshot;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.StoreUnavailableException;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.store.Watch;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.store.WatchListener;
import io.pullpiri.statemanager.store.etcd.EtcdConnection.EtcdException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A store in an etcd cluster, 3.4 or newer. Other components may read and write it too. */
public final class EtcdStore implements StateStore {

    /** How many keys one answer has at most, so that no answer takes long. */
    static final int PAGE = 5_000;

    /** How often a read of many pages is tried, because etcd may compact its revision before it ends. */
    private static final int SNAPSHOT_ATTEMPTS = 3;

    private final EtcdConnection connection;
    private final EtcdWatches watches;
    private final Duration callTimeout;

    private EtcdStore(EtcdConnection connection, EtcdWatches watches, Duration callTimeout) {
        this.connection = connection;
        this.watches = watches;
        this.callTimeout = callTimeout;
    }

    /**
     * Opens the store and connects in the background. If etcd cannot be reached, later calls fail, not this one.
     *
     * @param endpoints {@code host:port} of each member
     * @param callTimeout the deadline of every call except {@link #commit}, which has its own
     * @throws IllegalArgumentException if there is no endpoint, or one is not {@code host:port}
     */
    public static EtcdStore open(List<String> endpoints, Duration callTimeout) {
        return open(endpoints, callTimeout, EtcdWatches.PROGRESS_INTERVAL, null);
    }

    /**
     * Opens the store as {@link #open(List, Duration)} does, with the caller's threads.
     *
     * @param network the threads of the connections, which also complete {@link #commitAsync}
     */
    public static EtcdStore open(List<String> endpoints, Duration callTimeout, EventLoopGroup network) {
        return open(endpoints, callTimeout, EtcdWatches.PROGRESS_INTERVAL, network);
    }

    static EtcdStore open(
            List<String> endpoints, Duration callTimeout, Duration progressInterval, @Nullable EventLoopGroup network) {
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("etcd endpoints: none (expected: HOST:PORT, ...)");
        }
        EtcdConnection connection = new EtcdConnection(endpoints, callTimeout, network);
        return new EtcdStore(connection, new EtcdWatches(connection, progressInterval), callTimeout);
    }

    @Override
    public Optional<KeyValue> get(String key) {
        Keys.requireValid(key);
        RangeRequest request =
                RangeRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).build();
        return call(stub -> stub.range(request)).getKvsList().stream()
                .findFirst()
                .map(EtcdStore::keyValue);
    }

    @Override
    public long put(String key, String value) {
        String refusal = new Transaction(List.of(new Write(key, value, 0))).refusal(1, maxBytes());
        if (refusal != null) {
            throw new IllegalArgumentException(refusal);
        }
        return call(stub -> stub.put(putRequest(key, value))).getHeader().getRevision();
    }

    @Override
    public List<KeyValue> getAllWithPrefix(String prefix) {
        return snapshot(List.of(prefix)).entries();
    }

    @Override
    public Snapshot snapshot(List<String> prefixes) {
        for (int attempt = 1; ; attempt++) {
            try {
                return readSnapshot(Prefixes.disjoint(prefixes));
            } catch (EtcdException e) {
                if (attempt == SNAPSHOT_ATTEMPTS || !e.failure().isCompacted()) {
                    throw new StoreUnavailableException(e.failure().reason(), e);
                }
            }
        }
    }

    /**
     * Compares and writes in one request, which reads every key if a comparison fails. A foreign value that is not UTF-8 is read
     * with replacement characters.
     */
    @Override
    public CompletableFuture<CommitResult> commitAsync(Transaction transaction, Duration timeout) {
        String refusal = transaction.refusal(maxWrites(), maxBytes());
        if (refusal != null) {
            return CompletableFuture.completedFuture(new CommitResult.Refused(refusal));
        }
        TxnRequest.Builder request = TxnRequest.newBuilder();
        for (Write write : transaction.writes()) {
            request.addCompare(unchanged(write)).addSuccess(operation(write)).addFailure(read(write));
        }
        return connection
                .callAsync(timeout, stub -> stub.txn(request.build()))
                .thenApply(response -> committed(transaction, response))
                .exceptionallyCompose(thrown -> {
                    EtcdFailure failure = EtcdConnection.failure(thrown);
                    return failure.isOutOfSpace()
                            ? resolve(transaction, failure, timeout)
                            : CompletableFuture.completedFuture(failure.outcome());
                });
    }

    private static CommitResult committed(Transaction transaction, TxnResponse response) {
        return response.getSucceeded()
                ? new CommitResult.Committed(response.getHeader().getRevision())
                : new CommitResult.Conflict(current(transaction, response));
    }

    @Override
    public Watch watch(List<String> prefixes, long fromRevision, WatchListener listener) {
        if (fromRevision <= 0) {
            throw new IllegalArgumentException("fromRevision: " + fromRevision + " (expected: 1 or more)");
        }
        return watches.add(Prefixes.disjoint(prefixes), fromRevision, listener);
    }

    /** The default of etcd's {@code --max-txn-ops}. */
    @Override
    public int maxWrites() {
        return 128;
    }

    /** Less than the default of etcd's {@code --max-request-bytes}, 1.5 MiB, because the keys are sent three times. */
    @Override
    public int maxBytes() {
        return 1 << 20;
    }

    @Override
    public void close() {
        watches.close();
        connection.close();
    }

    /** Reads the keys to find out whether the transaction was applied. That is safe, because etcd has answered it. */
    private CompletableFuture<CommitResult> resolve(Transaction transaction, EtcdFailure failure, Duration timeout) {
        TxnRequest.Builder reads = TxnRequest.newBuilder();
        transaction.writes().forEach(write -> reads.addSuccess(read(write)));
        CommitResult unknown = new CommitResult.Unknown(failure.reason());
        return connection
                .callAsync(timeout, stub -> stub.txn(reads.build()))
                .thenApply(response -> isAsExpected(transaction, current(transaction, response))
                        ? new CommitResult.Unavailable(failure.reason())
                        : unknown)
                .exceptionally(thrown -> unknown);
    }

    private static boolean isAsExpected(Transaction transaction, List<WatchEvent> current) {
        for (int i = 0; i < current.size(); i++) {
            WatchEvent now = current.get(i);
            long revision = now.value() == null ? 0 : now.revision();
            if (revision != transaction.writes().get(i).expectedRevision()) {
                return false;
            }
        }
        return true;
    }

    private Snapshot readSnapshot(List<String> prefixes) throws EtcdException {
        List<KeyValue> entries = new ArrayList<>();
        long revision = 0;
        if (prefixes.isEmpty()) {
            revision = connection
                    .call(callTimeout, stub -> stub.txn(TxnRequest.getDefaultInstance()))
                    .getHeader()
                    .getRevision();
        }
        for (String prefix : prefixes) {
            RangeRequest.Builder request = RangeRequest.newBuilder()
                    .setKey(Ranges.start(prefix))
                    .setRangeEnd(Ranges.end(prefix))
                    .setLimit(PAGE);
            boolean more = true;
            while (more) {
                RangeResponse page = readPage(request.setRevision(revision));
                if (revision == 0) {
                    revision = page.getHeader().getRevision();
                }
                page.getKvsList().forEach(kv -> entries.add(keyValue(kv)));
                more = page.getMore();
                if (more) {
                    request.setKey(
                            Ranges.after(page.getKvs(page.getKvsCount() - 1).getKey()));
                }
            }
        }
        entries.sort(KeyValue.CREATION_ORDER);
        return new Snapshot(revision, entries);
    }

    /** Reads a page, or a smaller one if the answer is too large. */
    private RangeResponse readPage(RangeRequest.Builder request) throws EtcdException {
        while (true) {
            try {
                return connection.call(callTimeout, stub -> stub.range(request.build()));
            } catch (EtcdException e) {
                if (!e.failure().isAnswerTooLarge() || request.getLimit() == 1) {
                    throw e;
                }
                request.setLimit(request.getLimit() / 2);
            }
        }
    }

    private <T> T call(Function<KVBlockingStub, T> call) {
        try {
            return connection.call(callTimeout, call);
        } catch (EtcdException e) {
            throw new StoreUnavailableException(e.failure().reason(), e);
        }
    }

    private static Compare unchanged(Write write) {
        return Compare.newBuilder()
                .setKey(ByteString.copyFromUtf8(write.key()))
                .setTarget(Compare.CompareTarget.MOD)
                .setResult(Compare.CompareResult.EQUAL)
                .setModRevision(write.expectedRevision())
                .build();
    }

    private static RequestOp operation(Write write) {
        String value = write.value();
        if (value == null) {
            return RequestOp.newBuilder()
                    .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(ByteString.copyFromUtf8(write.key())))
                    .build();
        }
        return RequestOp.newBuilder()
                .setRequestPut(putRequest(write.key(), value))
                .build();
    }

    private static PutRequest putRequest(String key, String value) {
        return PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value))
                .build();
    }

    private static RequestOp read(Write write) {
        return RequestOp.newBuilder()
                .setRequestRange(RangeRequest.newBuilder().setKey(ByteString.copyFromUtf8(write.key())))
                .build();
    }

    private static List<WatchEvent> current(Transaction transaction, TxnResponse response) {
        List<WatchEvent> current = new ArrayList<>();
        for (int i = 0; i < transaction.writes().size(); i++) {
            String key = transaction.writes().get(i).key();
            RangeResponse found = response.getResponses(i).getResponseRange();
            current.add(
                    found.getKvsCount() == 0
                            ? new WatchEvent(key, null, response.getHeader().getRevision())
                            : new WatchEvent(
                                    key,
                                    found.getKvs(0).getValue().toStringUtf8(),
                                    found.getKvs(0).getModRevision()));
        }
        return current;
    }

    private static KeyValue keyValue(io.etcd.jetcd.api.KeyValue kv) {
        return new KeyValue(
                kv.getKey().toStringUtf8(), kv.getValue().toStringUtf8(), kv.getCreateRevision(), kv.getModRevision());
    }
}
