// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.WatchCreateRequest;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Another component's view: etcd's watch on one key. */
final class StateWatch {

    private final BlockingQueue<Long> seen = new LinkedBlockingQueue<>();

    StateWatch(ManagedChannel etcd, String key) {
        StreamObserver<WatchRequest> requests = WatchGrpc.newStub(etcd).watch(new StreamObserver<>() {
            @Override
            public void onNext(WatchResponse response) {
                long now = System.nanoTime();
                response.getEventsList().forEach(event -> seen.add(now));
            }

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onCompleted() {}
        });
        requests.onNext(WatchRequest.newBuilder()
                .setCreateRequest(WatchCreateRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)))
                .build());
    }

    /** Returns when the next change was seen, by {@link System#nanoTime}. */
    long next() throws InterruptedException {
        @Nullable Long at = seen.poll(30, TimeUnit.SECONDS);
        if (at == null) {
            throw new IllegalStateException("no change was seen within 30 s");
        }
        return at;
    }
}
