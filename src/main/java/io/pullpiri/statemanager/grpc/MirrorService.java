// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.statemanager.v1.AcceptMissingRequest;
import io.pullpiri.proto.statemanager.v1.AcceptMissingResponse;
import io.pullpiri.proto.statemanager.v1.GetMirrorRequest;
import io.pullpiri.proto.statemanager.v1.GetMirrorResponse;
import io.pullpiri.proto.statemanager.v1.MirrorGrpc;
import io.pullpiri.statemanager.manager.MirrorLink;
import java.util.List;

/** The service with which operators see the mirror of Pullpiri's store, and accept deletions that it holds back. */
final class MirrorService extends MirrorGrpc.MirrorImplBase {

    private final MirrorLink mirror;

    MirrorService(MirrorLink mirror) {
        this.mirror = mirror;
    }

    @Override
    public void getMirror(GetMirrorRequest request, StreamObserver<GetMirrorResponse> caller) {
        MirrorLink.Health health = mirror.health();
        Calls.answer(
                caller,
                GetMirrorResponse.newBuilder()
                        .setEnabled(health.enabled())
                        .setTrouble(health.trouble())
                        .setLagSeconds(health.lag().toMillis() / 1_000.0)
                        .build());
    }

    @Override
    public void acceptMissing(AcceptMissingRequest request, StreamObserver<AcceptMissingResponse> caller) {
        if (!mirror.health().enabled()) {
            Calls.fail(
                    caller,
                    Status.FAILED_PRECONDITION.withDescription(
                            "Pullpiri's store is not mirrored (expected: the setting pullpiri-store)"));
            return;
        }
        List<String> accepted = mirror.accept();
        if (accepted.isEmpty()) {
            Calls.fail(caller, Status.FAILED_PRECONDITION.withDescription("no deletion waits for a confirmation"));
            return;
        }
        Calls.answer(
                caller,
                AcceptMissingResponse.newBuilder().addAllArtifacts(accepted).build());
    }
}
