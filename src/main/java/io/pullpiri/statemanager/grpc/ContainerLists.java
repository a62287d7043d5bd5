// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.container.ContainerFacts;
import java.util.ArrayList;
import java.util.List;

/** Turns a gRPC container list into a command. */
final class ContainerLists {

    private ContainerLists() {}

    /**
     * Returns the command of a list.
     *
     * @param list a list with a valid node name
     * @param peer the address of the sender; empty if it is unknown
     */
    static Command.NodeReport command(ContainerList list, String peer) {
        List<ContainerFacts> containers = new ArrayList<>(list.getContainersCount());
        for (ContainerInfo info : list.getContainersList()) {
            containers.add(new ContainerFacts(
                    info.getId(),
                    info.getNamesCount() == 0 ? "" : info.getNames(0),
                    info.getImage(),
                    info.getStateMap(),
                    info.getConfigMap(),
                    info.getAnnotationMap()));
        }
        return new Command.NodeReport(list.getNodeName(), peer, containers);
    }
}
