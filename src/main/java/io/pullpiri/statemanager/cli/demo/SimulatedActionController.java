// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli.demo;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.actioncontroller.ActionControllerConnectionGrpc.ActionControllerConnectionImplBase;
import io.pullpiri.proto.actioncontroller.ReconcileRequest;
import io.pullpiri.proto.actioncontroller.ReconcileResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** The demo's ActionController. It refuses the first requests of some scenarios, and accepts the others. */
final class SimulatedActionController extends ActionControllerConnectionImplBase implements AutoCloseable {

    /** One request and whether it was accepted. */
    record ReconcileCall(String scenario, boolean accepted) {}

    private static final int REFUSALS = 2;

    /** The scenarios whose first requests are refused. */
    private final Set<String> refused;

    private final AtomicInteger refusals = new AtomicInteger();
    private final Queue<ReconcileCall> requests = new ConcurrentLinkedQueue<>();
    private final Server server;

    SimulatedActionController(Set<String> refused) throws IOException {
        this.refused = refused;
        this.server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .directExecutor()
                .addService(this)
                .build()
                .start();
    }

    int port() {
        return server.getPort();
    }

    /** Returns the queue of requests, oldest first. The caller removes them, on any thread. */
    Queue<ReconcileCall> requests() {
        return requests;
    }

    @Override
    public void reconcile(ReconcileRequest request, StreamObserver<ReconcileResponse> caller) {
        String scenario = request.getScenarioName();
        boolean accepted = !refused.contains(scenario) || refusals.incrementAndGet() > REFUSALS;
        requests.add(new ReconcileCall(scenario, accepted));
        if (accepted) {
            caller.onNext(ReconcileResponse.getDefaultInstance());
            caller.onCompleted();
        } else {
            caller.onError(
                    Status.UNAVAILABLE.withDescription("the node is busy").asRuntimeException());
        }
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
