// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.pullpiri.proto.statemanager.v1.ForgetNodeRequest;
import io.pullpiri.proto.statemanager.v1.ForgetNodeResponse;
import io.pullpiri.proto.statemanager.v1.GetNodeRequest;
import io.pullpiri.proto.statemanager.v1.GetNodeResponse;
import io.pullpiri.proto.statemanager.v1.ListNodesRequest;
import io.pullpiri.proto.statemanager.v1.ListNodesResponse;
import io.pullpiri.proto.statemanager.v1.NodeContainer;
import io.pullpiri.proto.statemanager.v1.NodeSummary;
import io.pullpiri.proto.statemanager.v1.NodesGrpc;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.view.Container;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.View;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The service that lists nodes for operators, and forgets a node that is gone. */
// [impl->req~wire-nodes~1]
final class NodesService extends NodesGrpc.NodesImplBase {

    /** The source of an operator's commands. */
    private static final String BY_OPERATOR = "operator";

    private final Manager manager;
    private final Queries queries;

    NodesService(Manager manager, Queries queries) {
        this.manager = manager;
        this.queries = queries;
    }

    @Override
    public void listNodes(ListNodesRequest request, StreamObserver<ListNodesResponse> caller) {
        queries.answerAtLength(caller, queries.lists(), view -> {
            ListNodesResponse.Builder response = ListNodesResponse.newBuilder();
            view.nodes().values().forEach(node -> response.addNodes(summary(view, node)));
            return response.build();
        });
    }

    @Override
    public void getNode(GetNodeRequest request, StreamObserver<GetNodeResponse> caller) {
        queries.answerAtLength(caller, queries.lists(), view -> {
            NodeEntry node = view.nodes().get(request.getName());
            if (node == null) {
                throw Status.NOT_FOUND
                        .withDescription("node " + Calls.shown(request.getName()) + " is not known")
                        .asRuntimeException();
            }
            GetNodeResponse.Builder response = GetNodeResponse.newBuilder().setNode(summary(view, node));
            Set<Container> unmatched = new HashSet<>(view.unmatched(node));
            node.containers()
                    .values()
                    .forEach(container -> response.addContainers(message(container, unmatched.contains(container))));
            return response.build();
        });
    }

    private static NodeSummary summary(View view, NodeEntry node) {
        return NodeSummary.newBuilder()
                .setName(node.name())
                .setLastReportNs(TimeUnit.MILLISECONDS.toNanos(node.reportedMillis()))
                .setContainers(node.containers().size())
                .setUnmatched(view.unmatched(node).size())
                .setKnown(node.isKnown())
                .setWarning(node.warning())
                .addAllModels(node.models())
                .build();
    }

    private static NodeContainer message(Container container, boolean unmatched) {
        String model = container.model();
        return NodeContainer.newBuilder()
                .setName(container.name())
                .setModel(model == null ? "" : model)
                .setState(container.state().title())
                .setDetail(Resources.description(container))
                .setUnmatched(unmatched)
                .build();
    }

    @Override
    public void forgetNode(ForgetNodeRequest request, StreamObserver<ForgetNodeResponse> caller) {
        String problem = Names.problem(request.getName());
        if (problem != null) {
            Calls.fail(
                    caller,
                    Status.INVALID_ARGUMENT.withDescription(Calls.invalidName("name", request.getName(), problem)));
            return;
        }
        CompletableFuture<?> _ = manager.submit(
                        new Command.ForgetNode(request.getName(), request.getForce(), BY_OPERATOR),
                        CallDeadline.remaining())
                .thenAccept(answer -> {
                    if (answer instanceof CommandResult.Done done) {
                        Calls.answer(
                                caller,
                                ForgetNodeResponse.newBuilder()
                                        .setMessage(done.message())
                                        .build());
                    } else {
                        Calls.fail(caller, WireStatus.of(answer).status());
                    }
                });
    }
}
