// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.grpc.Channel;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.v1.ForgetNodeRequest;
import io.pullpiri.proto.statemanager.v1.GetNodeRequest;
import io.pullpiri.proto.statemanager.v1.GetNodeResponse;
import io.pullpiri.proto.statemanager.v1.ListNodesRequest;
import io.pullpiri.proto.statemanager.v1.NodeContainer;
import io.pullpiri.proto.statemanager.v1.NodeSummary;
import io.pullpiri.proto.statemanager.v1.NodesGrpc;
import java.util.List;

/** Requests about nodes. Each node is converted to a {@link ResourceState}, so that one code prints all kinds. */
final class NodeQueries {

    private NodeQueries() {}

    static List<ResourceState> all(Channel channel) {
        return Client.within(NodesGrpc.newBlockingStub(channel))
                .listNodes(ListNodesRequest.getDefaultInstance())
                .getNodesList()
                .stream()
                .map(node -> state(node).build())
                .toList();
    }

    /** Returns one node with its containers. */
    static ResourceState one(Channel channel, String name) {
        GetNodeResponse response = Client.within(NodesGrpc.newBlockingStub(channel))
                .getNode(GetNodeRequest.newBuilder().setName(name).build());
        ResourceState.Builder state = state(response.getNode());
        response.getContainersList()
                .forEach(container -> state.putMetadata("container." + container.getName(), description(container)));
        return state.build();
    }

    private static ResourceState.Builder state(NodeSummary node) {
        return ResourceState.newBuilder()
                .setResourceType(ResourceType.RESOURCE_TYPE_NODE)
                .setResourceName(node.getName())
                .setLastTransitionTimeNs(node.getLastReportNs())
                .putMetadata("containers", Integer.toString(node.getContainers()))
                .putMetadata("unmatched", Integer.toString(node.getUnmatched()))
                .putMetadata("known", Boolean.toString(node.getKnown()))
                .putMetadata("warning", node.getWarning())
                .putMetadata("models", String.join("/", node.getModelsList()));
    }

    private static String description(NodeContainer container) {
        String model = container.getModel().isEmpty() ? "of no model" : "of model " + container.getModel();
        String unmatched =
                container.getUnmatched() && !container.getModel().isEmpty() ? ", which no package names" : "";
        return container.getDetail() + ", " + model + unmatched;
    }

    /** Removes a node and returns the server's message. */
    static String forget(Channel channel, String name, boolean force) {
        return Client.within(NodesGrpc.newBlockingStub(channel))
                .forgetNode(ForgetNodeRequest.newBuilder()
                        .setName(name)
                        .setForce(force)
                        .build())
                .getMessage();
    }
}
