// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Hostile gRPC clients that open connections and calls and do not finish them. */
class HostileConnectionsTest extends HostileRig {

    private static final int CALLS = 20;

    @Test
    void messagesOfAnUnfinishedRequest_areNotParsed() throws IOException {
        byte[] list = new byte[700_000];
        for (int i = 0; i < list.length; i += 2) {
            list[i] = ContainerList.CONTAINERS_FIELD_NUMBER << 3 | 2; // an empty container
        }
        RawConnection connection = connect();
        connection.greet();
        for (int stream = 1; stream < 200; stream += 2) {
            connection.beginCall(stream, "/" + REPORT, list);
        }
        connection.awaitFrame(RawConnection.HEADERS);
    }

    @Test
    void unfinishedRequests_areEnded() throws IOException {
        List<RawConnection> slow = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            RawConnection connection = connect();
            connection.greet();
            for (int call = 0; call < CALLS; call++) {
                connection.beginCall(2 * call + 1, "/" + REPORT, 4 << 20, 10_000);
            }
            slow.add(connection);
        }
        for (RawConnection connection : slow) {
            Set<Integer> ended = new HashSet<>();
            while (ended.size() < CALLS) {
                RawConnection.Frame answer = connection.awaitFrame(RawConnection.HEADERS);
                // The value's length and DEADLINE_EXCEEDED, or UNAVAILABLE above the memory for unfinished messages.
                assertThat(answer.payload()).containsAnyOf("grpc-status\u00014", "grpc-status\u000214");
                ended.add(answer.stream());
            }
        }
    }

    @Test
    void silentConnections_areEnded() throws IOException {
        List<RawConnection> silent = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            silent.add(connect());
        }
        for (RawConnection connection : silent) {
            assertThat(connection.awaitEnd())
                    .as("a connection that has sent nothing gets no ping")
                    .doesNotContain(RawConnection.PING);
        }
    }

    @Test
    void newNode_connectsWhileOneClientOfItsAddressTakesAllConnections() throws IOException {
        while (connections.size() < 10_000) {
            RawConnection connection = connect();
            if (connections.size() % 5 == 0) {
                connection.greetIfOpen();
            }
        }
        Await.until(
                PATIENCE,
                server::output,
                () -> server.output().contains("an idle connection was closed for a new one"));
        var _ = StateManagerConnectionGrpc.newBlockingStub(channel())
                .withDeadlineAfter(PATIENCE)
                .sendChangedContainerList(list("another", 1));
    }

    @Test
    void callsWithoutARequest_areEndedForThoseThatFinish() throws IOException {
        for (int i = 0; i < 100; i++) {
            RawConnection connection = connect();
            connection.greet();
            for (int call = 0; call < 200; call++) {
                connection.beginCall(2 * call + 1, "/" + REPORT);
            }
        }
        awaitGood();
        var _ = stub().sendChangedContainerList(list("another", 60));
    }

    @Test
    void largeListOfAKnownNode_isAcceptedWhileUnfinishedRequestsTakeAllMemory() throws IOException {
        var _ = ArtifactsGrpc.newBlockingStub(channel)
                .withDeadlineAfter(PATIENCE)
                .apply(ApplyRequest.newBuilder()
                        .setYaml(CascadeRig.packageYaml("package", "known-0"))
                        .build());
        ContainerList list = list("known", 1_000);
        var _ = stub().sendChangedContainerList(list);
        for (int i = 0; i < 60; i++) {
            RawConnection connection = connect();
            connection.greet();
            for (int call = 0; call < CALLS; call++) {
                connection.beginCall(2 * call + 1, "/" + REPORT, 4 << 20, 60_000);
            }
            if (i % 10 == 0) {
                assertThat(stub().sendChangedContainerList(list).getResp()).contains("1000 containers");
            }
        }
        Await.until(
                PATIENCE, server::output, () -> server.output().contains("grpc-request-memory: from 127.0.0.1: busy"));
    }
}
