// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.monitoringserver.SendContainerListResponse;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.testing.CascadeRig;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Hostile gRPC clients whose messages are too large, too many, or cost more to read than to send. */
class HostileClientsTest extends HostileRig {

    @Test
    void listWithTheMostContainers_isStored() {
        assertThat(stub().sendChangedContainerList(list("large", 4_096)).getResp())
                .contains("4096 containers");
        long running = models().stream()
                .filter(model -> model.getResourceName().startsWith("large-")
                        && model.getCurrentState().equals("Running"))
                .count();
        assertThat(running).isEqualTo(4_096);
        ContainerList larger = list("larger", 5_000);
        assertThat(larger.getSerializedSize()).isLessThan(4 << 20);
        assertThatThrownBy(() -> stub().sendChangedContainerList(larger))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessage(
                        "RESOURCE_EXHAUSTED: containers: 5,000 in the list of node larger (expected: at most 4,096)");
        assertThat(models()).noneMatch(model -> model.getResourceName().startsWith("larger-"));
    }

    @Test
    void inventedNodes_fillTheirShareAndExcludeNoRealNode() {
        String refusal = null;
        for (int i = 0; refusal == null && i < 1_000; i++) {
            refusal = refusal(list("invented-" + i, 1_000));
        }
        assertThat(refusal).startsWith("RESOURCE_EXHAUSTED: memory: nodes that never named a model of a package");
        for (int i = 0; i < 20; i++) {
            assertThat(refusal(real("real-" + i))).isNull();
        }
    }

    @Test
    void twoMillionTinyContainers_areRejectedBeforeParsing() {
        ContainerList.Builder list = ContainerList.newBuilder().setNodeName("empty");
        for (int i = 0; i < 2_000_000; i++) {
            list.addContainers(ContainerInfo.getDefaultInstance());
        }
        ContainerList built = list.build();
        for (int i = 0; i < 20; i++) {
            assertThatThrownBy(() -> stub().sendChangedContainerList(built))
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasMessageContaining(
                            "RESOURCE_EXHAUSTED: message: more than 250000 parts (expected: at most 250000)");
        }
    }

    @Test
    void compressedMessage_isNotParsed() {
        ContainerList.Builder list = ContainerList.newBuilder().setNodeName("compressed");
        for (int i = 0; i < 2_000_000; i++) {
            list.addContainers(ContainerInfo.getDefaultInstance());
        }
        assertThatThrownBy(() -> stub().withCompression("gzip").sendChangedContainerList(list.build()))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("UNIMPLEMENTED");
    }

    @Test
    void largeArtifacts_areRejectedWhenMemoryIsFull() {
        String refusal = null;
        for (int i = 0; refusal == null && i < 500; i++) {
            try {
                var _ = ArtifactsGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(PATIENCE)
                        .apply(ApplyRequest.newBuilder()
                                .setYaml(
                                        "# " + "x".repeat(1_000_000) + "\n" + CascadeRig.packageYaml("large-" + i, "m"))
                                .build());
            } catch (StatusRuntimeException e) {
                refusal = e.getMessage();
            }
        }
        assertThat(refusal).startsWith("RESOURCE_EXHAUSTED: memory");
    }

    @Test
    void floodOfLargeLists_isRejectedWithinTheMemoryBound() throws Exception {
        List<ManagedChannel> hostile = Stream.generate(this::channel).limit(5).toList();
        ContainerList large = list("flood", 3_000);
        Map<Status.Code, Status> answers = new EnumMap<>(Status.Code.class);
        // The rate depends on the machine, so the flood lasts until the server refuses.
        while (!answers.containsKey(Status.Code.UNAVAILABLE)) {
            flood(hostile, large, answers);
        }
        assertThat(answers.keySet())
                .as(answers.toString())
                .isSubsetOf(
                        Status.Code.OK,
                        Status.Code.UNAVAILABLE,
                        Status.Code.DEADLINE_EXCEEDED,
                        Status.Code.RESOURCE_EXHAUSTED);
    }

    private static void flood(List<ManagedChannel> hostile, ContainerList large, Map<Status.Code, Status> answers)
            throws InterruptedException {
        List<ListenableFuture<SendContainerListResponse>> calls = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            ContainerList list =
                    large.toBuilder().setNodeName("flood-" + i % 50).build();
            calls.add(StateManagerConnectionGrpc.newFutureStub(hostile.get(i % hostile.size()))
                    .withDeadlineAfter(PATIENCE)
                    .sendChangedContainerList(list));
        }
        for (ListenableFuture<SendContainerListResponse> call : calls) {
            Status answer = answer(call);
            answers.put(answer.getCode(), answer);
        }
    }

    private static Status answer(ListenableFuture<SendContainerListResponse> call) throws InterruptedException {
        try {
            var _ = call.get();
            return Status.OK;
        } catch (ExecutionException e) {
            return Status.fromThrowable(e);
        }
    }

    @Test
    void yamlThatExpands_isRejected() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 30; i++) {
            bomb.append(
                    "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n".formatted(i, i, i - 1, i - 1, i - 1, i - 1, i - 1));
        }
        assertRefused(bomb.toString());
        assertRefused("[".repeat(1_000_000));
        assertRefused("a: ".repeat(300_000));
        assertRefused("[" + "1,".repeat(500_000) + "]");
        assertRefused("{" + "a: 1, ".repeat(150_000) + "}");
        assertRefused("- ".repeat(500_000));
        assertRefused("---\n".repeat(900_000));
        String twice = "? " + "k".repeat(100_000) + "\n: 1\n";
        assertRefused(twice + twice);
    }

    private void assertRefused(String yaml) {
        assertThatThrownBy(() -> ArtifactsGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(PATIENCE)
                        .apply(ApplyRequest.newBuilder().setYaml(yaml).build()))
                .isInstanceOf(StatusRuntimeException.class)
                .satisfies(refused ->
                        assertThat(Status.fromThrowable(refused).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT));
    }
}
