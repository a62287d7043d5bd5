// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.PutResponse;
import io.etcd.jetcd.api.RangeRequest;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;

/**
 * The limit of a store in etcd: plain puts of values as small as a package's state, over one connection, by a client without
 * StateManager's code. It has its own keys, as many as there are packages.
 */
final class RawEtcd implements AutoCloseable {

    private static final int KEYS = 1_000;
    private static final ByteString VALUE = ByteString.copyFromUtf8("Degraded");

    private final ManagedChannel channel;
    private final Random random = new Random(1);

    RawEtcd(String endpoint) {
        channel = NettyChannelBuilder.forTarget(endpoint)
                .usePlaintext()
                .maxInboundMessageSize(256 << 20)
                .build();
    }

    /** Puts one after the other. */
    void oneByOne(int puts, Histogram nanos) {
        KVGrpc.KVBlockingStub stub = KVGrpc.newBlockingStub(channel);
        for (int i = 0; i < puts; i++) {
            PutRequest put = put();
            long start = System.nanoTime();
            var _ = stub.withDeadlineAfter(30, TimeUnit.SECONDS).put(put);
            nanos.recordValue(System.nanoTime() - start);
        }
    }

    /** Puts with a constant number in flight. @return puts per second */
    double manyAtOnce(int inFlight, long nanos) throws InterruptedException {
        KVGrpc.KVFutureStub stub = KVGrpc.newFutureStub(channel);
        Semaphore places = new Semaphore(inFlight);
        long start = System.nanoTime();
        int puts = 0;
        while (System.nanoTime() - start < nanos) {
            places.acquire();
            puts++;
            Futures.addCallback(
                    stub.withDeadlineAfter(30, TimeUnit.SECONDS).put(put()),
                    new FutureCallback<PutResponse>() {
                        @Override
                        public void onSuccess(PutResponse response) {
                            places.release();
                        }

                        @Override
                        public void onFailure(Throwable failure) {
                            throw new IllegalStateException("a raw put failed", failure);
                        }
                    },
                    MoreExecutors.directExecutor());
        }
        places.acquire(inFlight);
        return puts / ((System.nanoTime() - start) / 1e9);
    }

    /** Returns every key under a prefix with its value. */
    Map<String, String> read(String prefix) {
        ByteString start = ByteString.copyFromUtf8(prefix);
        // '0' is the character after '/'.
        ByteString end = ByteString.copyFromUtf8(prefix.substring(0, prefix.length() - 1) + "0");
        return KVGrpc.newBlockingStub(channel)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .range(RangeRequest.newBuilder().setKey(start).setRangeEnd(end).build())
                .getKvsList()
                .stream()
                .collect(Collectors.toMap(
                        kv -> kv.getKey().toStringUtf8(), kv -> kv.getValue().toStringUtf8()));
    }

    ManagedChannel channel() {
        return channel;
    }

    private PutRequest put() {
        return PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("raw/package-" + random.nextInt(KEYS) + "/state"))
                .setValue(VALUE)
                .build();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
