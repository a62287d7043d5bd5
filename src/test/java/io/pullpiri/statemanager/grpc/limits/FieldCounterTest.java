// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc.limits;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import org.junit.jupiter.api.Test;

class FieldCounterTest {

    private static final String REPORT =
            StateManagerConnectionGrpc.getSendChangedContainerListMethod().getFullMethodName();
    private static final String OTHER =
            StateManagerConnectionGrpc.getGetResourceStateMethod().getFullMethodName();

    private static final ContainerInfo CONTAINER =
            ContainerInfo.newBuilder().setId("c1").putState("Status", "running").build();

    @Test
    void report_isCountedByContainersAndFields() {
        ContainerList list = ContainerList.newBuilder()
                .setNodeName("HPC")
                .addContainers(CONTAINER)
                .addContainers(CONTAINER)
                .build();

        assertThat(FieldCounter.count(list.toByteString(), REPORT)).isEqualTo(1 + 2 * 3);
        assertThat(FieldCounter.count(list.toByteString(), OTHER)).isEqualTo(1 + 2);
    }

    @Test
    void fieldsUpToTheLimit_areCountedAndOneMoreExceedsIt() {
        ContainerList.Builder list = ContainerList.newBuilder();
        for (int i = 0; i < FieldCounter.MAX; i++) {
            list.addContainers(ContainerInfo.getDefaultInstance());
        }
        ByteString most = list.build().toByteString();
        ByteString more =
                list.addContainers(ContainerInfo.getDefaultInstance()).build().toByteString();

        assertThat(FieldCounter.count(most, REPORT)).isEqualTo(FieldCounter.MAX);
        assertThat(FieldCounter.count(more, REPORT)).isGreaterThan(FieldCounter.MAX);
    }

    @Test
    void group_exceedsTheLimit() {
        ByteString group = ByteString.copyFrom(new byte[] {1 << 3 | 3, 1 << 3 | 4});

        assertThat(FieldCounter.count(group, OTHER)).isGreaterThan(FieldCounter.MAX);
    }

    @Test
    void unparsableMessage_endsTheCount() {
        ByteString cut = ByteString.copyFrom(new byte[] {1 << 3 | 2, 1, 'a', 1 << 3 | 2, 100});

        assertThat(FieldCounter.count(cut, OTHER)).isEqualTo(2);
    }
}
