package io.pullpiri.statemanager.grpc;

import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.container.ContainerFacts;
import java.util.ArrayList;
import java.util.List;

/** Makes a command of a container list. */
final class ContainerLists {

    private ContainerLists() {}

    /**
     * @param list with a valid node name
     * @param peer the address that it came from; empty if that is not known
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
