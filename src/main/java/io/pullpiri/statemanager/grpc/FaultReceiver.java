// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.schedinfo.v1.FaultInfo;
import io.pullpiri.proto.schedinfo.v1.FaultServiceGrpc;
import io.pullpiri.proto.schedinfo.v1.Response;
import io.pullpiri.statemanager.manager.Anomalies;
import io.pullpiri.statemanager.manager.Event;
import io.pullpiri.statemanager.manager.Manager;
import java.util.concurrent.TimeUnit;

/** The service that receives Timpani's faults. It counts, logs and publishes them; a fault changes no state. */
// [impl->req~wire-fault~1]
final class FaultReceiver extends FaultServiceGrpc.FaultServiceImplBase {

    private final Manager manager;

    FaultReceiver(Manager manager) {
        this.manager = manager;
    }

    @Override
    public void notifyFault(FaultInfo fault, StreamObserver<Response> caller) {
        String detail = "task %s of workload %s on node %s: %s"
                .formatted(
                        Calls.shown(fault.getTaskName()),
                        Calls.shown(fault.getWorkloadId()),
                        Calls.shown(fault.getNodeId()),
                        fault.getType());
        long now = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
        manager.anomalies().add(Anomalies.FAULT, detail);
        manager.feed().publishUnrecorded(id -> new Event.Fault(id, now, detail));
        Calls.answer(caller, Response.newBuilder().setStatus(0).build());
    }
}
