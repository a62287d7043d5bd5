// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.monitoringserver.SendContainerListResponse;
import io.pullpiri.proto.statemanager.Action;
import io.pullpiri.proto.statemanager.ErrorCode;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ListResourcesByStateResponse;
import io.pullpiri.proto.statemanager.OffloadingRequest;
import io.pullpiri.proto.statemanager.OffloadingResponse;
import io.pullpiri.proto.statemanager.ResourceStateHistoryRequest;
import io.pullpiri.proto.statemanager.ResourceStateHistoryResponse;
import io.pullpiri.proto.statemanager.ResourceStateRequest;
import io.pullpiri.proto.statemanager.ResourceStateResponse;
import io.pullpiri.proto.statemanager.Response;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.proto.statemanager.StateChangeResponse;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.limits.ConcurrencyLimiter;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.state.Names;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The service for Pullpiri's components and the command line. */
final class StateManagerService extends StateManagerConnectionGrpc.StateManagerConnectionImplBase {

    private final ConcurrencyLimiter histories;
    private final Manager manager;
    private final Offloading offloading;
    private final Resources resources;
    private final Subscriptions subscriptions;
    private final Queries queries;

    StateManagerService(
            Manager manager, Offloading offloading, Resources resources, Subscriptions subscriptions, Queries queries) {
        this.manager = manager;
        this.offloading = offloading;
        this.resources = resources;
        this.subscriptions = subscriptions;
        this.queries = queries;
        this.histories = queries.limiter(16, "grpc-histories");
    }

    // [impl->req~wire-state-change~1]
    @Override
    public void sendStateChange(StateChange change, StreamObserver<StateChangeResponse> caller) {
        switch (StateChanges.read(change)) {
            case StateChanges.ParsedRequest.Good good -> {
                String id = change.getTransitionId(); // the lambda must not keep the whole request
                CompletableFuture<?> _ = manager.submit(good.command(), CallDeadline.remaining())
                        .thenAccept(answer -> Calls.answer(caller, response(id, answer)));
            }
            case StateChanges.ParsedRequest.Invalid invalid -> {
                manager.anomalies()
                        .add(
                                "invalid-state-change",
                                "from '" + Calls.shown(change.getSource()) + "': " + invalid.details());
                Calls.answer(
                        caller,
                        response(change.getTransitionId(), ErrorCode.ERROR_CODE_INVALID_REQUEST, invalid.details()));
            }
            case StateChanges.ParsedRequest.DisallowedRequest refused ->
                Calls.answer(
                        caller,
                        response(
                                change.getTransitionId(),
                                ErrorCode.ERROR_CODE_INVALID_STATE_TRANSITION,
                                refused.details()));
        }
    }

    private static StateChangeResponse response(String transitionId, CommandResult answer) {
        WireStatus status = WireStatus.of(answer);
        String message = answer instanceof CommandResult.Done done ? done.message() : status.reason();
        return response(transitionId, status.code(), status.reason()).toBuilder()
                .setMessage(message)
                .build();
    }

    private static StateChangeResponse response(String transitionId, ErrorCode code, String details) {
        Instant now = Instant.now();
        return StateChangeResponse.newBuilder()
                .setMessage(details)
                .setTransitionId(transitionId)
                .setTimestampNs(TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano())
                .setErrorCode(code)
                .setErrorDetails(details)
                .build();
    }

    // [impl->req~wire-container-list~1]
    @Override
    public void sendChangedContainerList(ContainerList list, StreamObserver<SendContainerListResponse> caller) {
        String problem = Names.problem(list.getNodeName());
        if (problem != null) {
            refuseNode(list.getNodeName(), problem, caller);
            return;
        }
        String invisible = Names.invisible(list.getNodeName());
        if (invisible == null) {
            submit(list, caller);
            return;
        }
        // A known node may have an invisible character: earlier builds accepted it.
        queries.withView(
                caller,
                view -> {
                    if (view.nodes().containsKey(list.getNodeName())) {
                        submit(list, caller);
                    } else {
                        refuseNode(list.getNodeName(), invisible, caller);
                    }
                },
                Runnable::run);
    }

    // [impl->req~bad-list~1]
    private void refuseNode(String name, String problem, StreamObserver<?> caller) {
        String refusal = Calls.invalidName("node_name", name, problem);
        manager.anomalies().add("invalid-node-name", "a container list: " + refusal);
        Calls.fail(caller, Status.INVALID_ARGUMENT.withDescription(refusal));
    }

    private void submit(ContainerList list, StreamObserver<SendContainerListResponse> caller) {
        String stored = "stored: " + list.getContainersCount() + " containers of " + list.getNodeName();
        CompletableFuture<?> _ = manager.submit(
                        ContainerLists.command(list, PeerAddress.address()), CallDeadline.remaining())
                .thenAccept(answer -> {
                    WireStatus status = WireStatus.of(answer);
                    if (status.isSuccess()) {
                        Calls.answer(
                                caller,
                                SendContainerListResponse.newBuilder()
                                        .setResp(stored)
                                        .build());
                    } else {
                        Calls.fail(caller, status.status());
                    }
                });
    }

    @Override
    public void triggerOffloading(OffloadingRequest request, StreamObserver<OffloadingResponse> caller) {
        offloading.trigger(request, caller);
    }

    // [impl->req~wire-action~1]
    @Override
    public void sendAction(Action action, StreamObserver<Response> caller) {
        Calls.fail(caller, Status.UNAVAILABLE.withDescription(action.getAction()));
    }

    @Override
    public void getResourceState(ResourceStateRequest request, StreamObserver<ResourceStateResponse> caller) {
        queries.answer(caller, view -> resources.one(view, request));
    }

    @Override
    public void listResourcesByState(
            ListResourcesByStateRequest request, StreamObserver<ListResourcesByStateResponse> caller) {
        queries.answerAtLength(caller, queries.lists(), view -> resources.list(view, request));
    }

    @Override
    public void getResourceStateHistory(
            ResourceStateHistoryRequest request, StreamObserver<ResourceStateHistoryResponse> caller) {
        queries.answerAtLength(caller, histories, view -> resources.history(view, request));
    }

    @Override
    public void subscribeToStateChanges(
            StateChangeSubscriptionRequest request, StreamObserver<StateChangeEvent> caller) {
        subscriptions.subscribe(request, caller);
    }
}
