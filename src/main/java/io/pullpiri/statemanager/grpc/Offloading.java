// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.statemanager.OffloadingRequest;
import io.pullpiri.proto.statemanager.OffloadingResponse;
import io.pullpiri.statemanager.manager.Offloader;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.view.OffloadRequest;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Checks and answers requests to move a model to another node. */
final class Offloading {

    private final Offloader offloader;

    Offloading(Offloader offloader) {
        this.offloader = offloader;
    }

    /** Answers a request: at once if a name in it is invalid, otherwise when the move has ended or the wait is over. */
    // [impl->req~wire-offloading~2]
    void trigger(OffloadingRequest request, StreamObserver<OffloadingResponse> caller) {
        String problem = problem(request);
        if (problem != null) {
            Calls.answer(
                    caller,
                    OffloadingResponse.newBuilder()
                            .setMessage(problem)
                            .setTransitionId(UUID.randomUUID().toString())
                            .build());
            return;
        }
        OffloadRequest read = new OffloadRequest(
                request.getScenarioName(),
                request.getPackageName(),
                request.getModelName(),
                request.getSourceNode(),
                request.getTargetNode(),
                request.getPolicyName(),
                request.getReason());
        CompletableFuture<?> _ = offloader
                .offload(read, CallDeadline.remaining())
                .thenAccept(answer -> Calls.answer(
                        caller,
                        OffloadingResponse.newBuilder()
                                .setAccepted(answer.accepted())
                                .setMessage(answer.message())
                                .setTransitionId(answer.transitionId())
                                .build()));
    }

    /** Returns what is wrong with the first invalid name, or null. The policy and the reason are optional. */
    private static @Nullable String problem(OffloadingRequest request) {
        String[][] names = {
            {"scenario_name", request.getScenarioName()},
            {"package_name", request.getPackageName()},
            {"model_name", request.getModelName()},
            {"source_node", request.getSourceNode()},
            {"target_node", request.getTargetNode()}
        };
        for (String[] name : names) {
            String problem = Names.problem(name[1]);
            if (problem != null) {
                return Calls.invalidName(name[0], name[1], problem);
            }
        }
        return null;
    }
}
