// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.statemanager.v1.PackagesGrpc;
import io.pullpiri.proto.statemanager.v1.ReconcilePackageRequest;
import io.pullpiri.proto.statemanager.v1.ReconcilePackageResponse;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.state.Names;
import java.util.concurrent.CompletableFuture;

/** The service with which an operator has a dead package reconciled again. */
// [impl->req~wire-packages~1]
final class PackagesService extends PackagesGrpc.PackagesImplBase {

    private final Manager manager;

    PackagesService(Manager manager) {
        this.manager = manager;
    }

    @Override
    public void reconcilePackage(ReconcilePackageRequest request, StreamObserver<ReconcilePackageResponse> caller) {
        String problem = Names.problem(request.getName());
        if (problem != null) {
            Calls.fail(
                    caller,
                    Status.INVALID_ARGUMENT.withDescription(Calls.invalidName("name", request.getName(), problem)));
            return;
        }
        CompletableFuture<?> _ = manager.submit(new Command.ForgetRestarts(request.getName()), CallDeadline.remaining())
                .thenAccept(answer -> {
                    if (answer instanceof CommandResult.Done done) {
                        Calls.answer(
                                caller,
                                ReconcilePackageResponse.newBuilder()
                                        .setMessage(done.message())
                                        .build());
                    } else {
                        Calls.fail(caller, WireStatus.of(answer).status());
                    }
                });
    }
}
