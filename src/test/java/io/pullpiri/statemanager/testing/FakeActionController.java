// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.actioncontroller.ActionControllerConnectionGrpc;
import io.pullpiri.proto.actioncontroller.OffloadModelRequest;
import io.pullpiri.proto.actioncontroller.OffloadModelResponse;
import io.pullpiri.proto.actioncontroller.ReconcileRequest;
import io.pullpiri.proto.actioncontroller.ReconcileResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** An ActionController that records requests, and answers as a test wants. */
public final class FakeActionController extends ActionControllerConnectionGrpc.ActionControllerConnectionImplBase
        implements AutoCloseable {

    public final List<ReconcileRequest> reconciles = new CopyOnWriteArrayList<>();
    public final List<OffloadModelRequest> offloads = new CopyOnWriteArrayList<>();
    public volatile @Nullable Status refusal;

    /** Refuses only Reconcile, as Pullpiri's ActionController does. */
    public volatile @Nullable Status reconcileRefusal;

    public volatile boolean silent;
    public volatile String transitionId = "";

    /** Whether offloads are answered only by {@link #release}. */
    public volatile boolean holding;

    /** How many held offloads the caller has cancelled. */
    public final AtomicInteger cancelled = new AtomicInteger();

    private final Queue<StreamObserver<OffloadModelResponse>> held = new ConcurrentLinkedQueue<>();
    private final Server server;

    private FakeActionController(int port) throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .directExecutor()
                .addService(this)
                .build();
    }

    /** @param port 0 for any free one */
    public static FakeActionController start(int port) throws IOException {
        FakeActionController controller = new FakeActionController(port);
        controller.server.start();
        return controller;
    }

    public int port() {
        return server.getPort();
    }

    public String address() {
        return "127.0.0.1:" + port();
    }

    @Override
    public void reconcile(ReconcileRequest request, StreamObserver<ReconcileResponse> caller) {
        reconciles.add(request);
        Status refused = reconcileRefusal;
        if (refused != null) {
            caller.onError(refused.asRuntimeException());
            return;
        }
        answer(caller, ReconcileResponse.getDefaultInstance());
    }

    @Override
    public void offloadModel(OffloadModelRequest request, StreamObserver<OffloadModelResponse> caller) {
        if (holding) {
            ((ServerCallStreamObserver<OffloadModelResponse>) caller).setOnCancelHandler(cancelled::incrementAndGet);
            held.add(caller);
            offloads.add(request);
            return;
        }
        offloads.add(request);
        answer(caller, moved());
    }

    private OffloadModelResponse moved() {
        return OffloadModelResponse.newBuilder()
                .setSuccess(true)
                .setMessage("moved")
                .setTransitionId(transitionId)
                .build();
    }

    /** Answers the oldest held offload. */
    public void release() {
        answer(held.remove(), moved());
    }

    private <T> void answer(StreamObserver<T> caller, T answer) {
        Status refused = refusal;
        if (silent) {
            return;
        }
        if (refused == null) {
            caller.onNext(answer);
            caller.onCompleted();
        } else {
            caller.onError(refused.asRuntimeException());
        }
    }

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
