// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.state.ExportedStateNames;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeRocksDbService;
import io.pullpiri.statemanager.testing.ServerRig;
import io.pullpiri.statemanager.view.Container;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Container lists that did not arrive, in a whole server. {@code MonitoringServer} is played by the test. */
// [utest->req~mir-containers~2]
class ContainerImportTest {

    private static final PullpiriMirror.Pace FAST =
            new PullpiriMirror.Pace(Duration.ofHours(1), Duration.ofHours(1), Duration.ofMillis(50), Duration.ZERO);

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RUNNING_SINCE = "2026-07-01T10:00:00.5+09:00";
    private static final String LATER = "2226-07-01T10:00:01+09:00";

    @TempDir
    private Path folder;

    private final FakeRocksDbService service = FakeRocksDbService.start();
    private final PullpiriStore store = new PullpiriStore(service.address(), Duration.ofSeconds(5));
    private final ScheduledExecutorService monitoringServer = Executors.newSingleThreadScheduledExecutor();
    private final List<String> moving = new ArrayList<>();
    private ServerRig rig;
    private PullpiriMirror mirror;

    ContainerImportTest() throws Exception {}

    @BeforeEach
    void start() throws Exception {
        rig = new ServerRig("sqlite:" + folder.resolve("s.db"), "off", Map.of(Setting.CONTAINER_EMPTY_GRACE, "100ms"));
        rig.awaitReady();
        rig.apply(ServerRig.BRAKING);
        report(container("brake", "running", RUNNING_SINCE, ""), container("light", "running", RUNNING_SINCE, ""));
        assertThat(rig.packageState("braking")).isEqualTo("Running");
        mirror = PullpiriMirror.start(store, ExportedStateNames.PULLPIRI, rig.server.manager(), failures -> 20, FAST);
    }

    @AfterEach
    void stop() {
        monitoringServer.shutdownNow();
        mirror.close();
        rig.close();
        store.close();
        service.close();
    }

    private void report(ContainerInfo... containers) {
        rig.client()
                .sendChangedContainerList(ContainerList.newBuilder()
                        .setNodeName("HPC")
                        .addAllContainers(List.of(containers))
                        .build());
    }

    private static ContainerInfo container(String model, String status, String started, String finished) {
        return ContainerInfo.newBuilder()
                .setId("id-of-" + model)
                .addNames(model + "_main")
                .putState("Status", status)
                .putState("ExitCode", "0")
                .putState("StartedAt", started)
                .putState("FinishedAt", finished)
                .putConfig("Hostname", "HPC")
                .putAnnotation("io.pullpiri.annotations.model", model)
                .build();
    }

    /** Stores a container as MonitoringServer does. */
    private void store(ContainerInfo container, String node) throws Exception {
        Map<String, Object> json = Map.of(
                "id", container.getId(),
                "names", container.getNamesList(),
                "image", "busy",
                "state", container.getStateMap(),
                "config", Map.of("Hostname", node),
                "annotation", container.getAnnotationMap(),
                "stats", Map.of("CpuTotalUsage", String.valueOf(System.nanoTime())));
        service.database.put("/pullpiri/metrics/containers/" + node + container.getId(), JSON.writeValueAsString(json));
    }

    /** Rewrites the keys of nodes all the time, as MonitoringServer does every 1.2 s. */
    private void rewrite(String... nodes) {
        moving.addAll(List.of(nodes));
        AtomicLong count = new AtomicLong();
        var _ = monitoringServer.scheduleAtFixedRate(
                () -> moving.forEach(node -> service.database.put(
                        "/pullpiri/metrics/nodes/" + node, "{\"cpu_usage\": " + count.incrementAndGet() + "}")),
                0,
                5,
                TimeUnit.MILLISECONDS);
    }

    private void await(BooleanSupplier condition) {
        Await.until(
                Duration.ofSeconds(20),
                () -> service.database + ", " + rig.server.manager().view().nodes(),
                condition);
    }

    private Map<String, Container> containers() {
        return Objects.requireNonNull(rig.server.manager().view().nodes().get("HPC"))
                .containers();
    }

    private void awaitReads(int more) {
        long reads = mirror.metrics().reads();
        await(() -> mirror.metrics().reads() >= reads + more);
    }

    @Test
    void laterEndOfAContainer_isTakenFromPullpirisStore() throws Exception {
        store(container("brake", "exited", RUNNING_SINCE, LATER), "HPC");
        store(container("light", "running", RUNNING_SINCE, ""), "HPC");
        rewrite("HPC");
        await(() -> mirror.metrics().lostLists() == 1);
        assertThat(rig.state(ResourceType.RESOURCE_TYPE_MODEL, "brake").getCurrentState())
                .isEqualTo("Exited");
        assertThat(rig.packageState("braking")).isEqualTo("Running");
    }

    @Test
    void nodeWithoutContainers_isTakenAsAnEmptyList() throws Exception {
        store(container("other", "running", RUNNING_SINCE, ""), "ZONE");
        rewrite("HPC", "ZONE");
        await(() -> rig.packageState("braking").equals("Exited"));
    }

    @Test
    void allNodesWithoutContainers_proveNothing() {
        rewrite("HPC", "ZONE");
        awaitReads(20);
        assertThat(rig.packageState("braking")).isEqualTo("Running");
        assertThat(containers())
                .allSatisfy((name, container) -> assertThat(container.absent()).isFalse());
    }

    @Test
    void nodeWhoseKeyStandsStill_provesNothing() throws Exception {
        store(container("brake", "exited", RUNNING_SINCE, LATER), "HPC");
        service.database.put("/pullpiri/metrics/nodes/HPC", "{}");
        awaitReads(20);
        assertThat(rig.state(ResourceType.RESOURCE_TYPE_MODEL, "brake").getCurrentState())
                .isEqualTo("Running");
    }

    @Test
    void outdatedFact_changesNothing() throws Exception {
        store(container("brake", "exited", RUNNING_SINCE, "2026-07-01T09:00:00+09:00"), "HPC");
        store(container("light", "paused", RUNNING_SINCE, ""), "HPC");
        store(container("removed-long-ago", "running", "2020-07-01T09:00:00+09:00", ""), "HPC");
        rewrite("HPC");
        awaitReads(20);
        assertThat(rig.packageState("braking")).isEqualTo("Running");
        assertThat(containers()).containsOnlyKeys("brake_main", "light_main");
        assertThat(rig.server.manager().mirror().health().trouble()).isEmpty();
    }

    private ContainerImport singleReads() {
        mirror.close();
        return new ContainerImport(
                store,
                rig.server.manager(),
                new MirrorMetrics(),
                rig.server.manager().clock(),
                Duration.ZERO);
    }

    /** Reads once, after MonitoringServer has rewritten the keys of nodes. */
    private String read(ContainerImport reads, String... nodes) throws Exception {
        for (String node : nodes) {
            service.database.put("/pullpiri/metrics/nodes/" + node, "{\"cpu_usage\": " + System.nanoTime() + "}");
        }
        return reads.read();
    }

    private boolean isAnyAbsent() {
        return containers().values().stream().anyMatch(Container::absent);
    }

    @Test
    void firstReadWithoutAnyContainer_provesNothing() throws Exception {
        ContainerImport reads = singleReads();
        read(reads, "HPC", "ZONE");
        store(container("other", "running", RUNNING_SINCE, ""), "ZONE");
        read(reads, "HPC", "ZONE");
        assertThat(isAnyAbsent()).isFalse();
        read(reads, "HPC", "ZONE");
        await(() -> rig.packageState("braking").equals("Exited"));
    }

    @Test
    void readWithAnUnreadableContainer_provesNothing_andIsReportedOnce() throws Exception {
        ContainerImport reads = singleReads();
        String unreadable = "/pullpiri/metrics/containers/HPCid-of-brake";
        service.database.put(unreadable, "{");
        store(container("light", "running", RUNNING_SINCE, ""), "HPC");
        read(reads, "HPC");
        assertThat(read(reads, "HPC")).contains("1 container(s)").contains(unreadable);
        assertThat(isAnyAbsent()).isFalse();
        assertThat(rig.server.manager().anomalies().counts()).containsEntry("unreadable-container", 1L);

        service.database.remove(unreadable);
        assertThat(read(reads, "HPC")).isEmpty();
        assertThat(isAnyAbsent()).as("one of the two reads proves nothing").isFalse();
        assertThat(read(reads, "HPC")).isEmpty();
        assertThat(isAnyAbsent()).isTrue();
    }

    @Test
    void nodeThatIsGone_isForgotten() throws Exception {
        ContainerImport reads = singleReads();
        store(container("brake", "running", RUNNING_SINCE, ""), "HPC");
        store(container("other", "running", RUNNING_SINCE, ""), "ZONE");
        read(reads, "HPC", "ZONE");
        read(reads, "HPC", "ZONE");
        assertThat(reads.rememberedNodes()).containsExactlyInAnyOrder("HPC", "ZONE");
        service.database.remove("/pullpiri/metrics/nodes/ZONE");
        read(reads, "HPC");
        assertThat(reads.rememberedNodes()).containsExactly("HPC");
    }
}
