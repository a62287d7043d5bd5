// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.v1.DeleteRequest;
import io.pullpiri.statemanager.state.ExportedStateNames;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeRocksDbService;
import io.pullpiri.statemanager.testing.ServerRig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The states of a whole server in Pullpiri's store. */
class StateExportTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    @TempDir
    private Path folder;

    private FakeRocksDbService service = FakeRocksDbService.start();
    private ServerRig rig;

    StateExportTest() throws Exception {}

    @BeforeEach
    void startServer() throws Exception {
        rig = new ServerRig("sqlite:" + folder.resolve("s.db"), "off", Map.of());
        rig.awaitReady();
    }

    @AfterEach
    void stop() {
        rig.close();
        service.close();
    }

    private PullpiriMirror mirror(PullpiriStore store, ExportedStateNames names) {
        return PullpiriMirror.start(store, names, rig.server.manager(), failures -> 20);
    }

    private PullpiriStore store() {
        return new PullpiriStore(service.address(), TIMEOUT);
    }

    private String trouble() {
        return rig.server.manager().mirror().health().trouble();
    }

    private void awaitStates(String... keysAndValues) {
        Map<String, String> expected = new java.util.TreeMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            expected.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        Await.until(Duration.ofSeconds(20), () -> service.database + " to be " + expected, () -> {
            Map<String, String> states = new java.util.TreeMap<>(service.database);
            states.keySet().removeIf(key -> !key.endsWith("/state"));
            return states.equals(expected);
        });
    }

    // [utest->req~mir-states~1]
    @Test
    void statesOfAServer_appearAndFollow() throws Exception {
        try (PullpiriStore store = store();
                PullpiriMirror _ = mirror(store, ExportedStateNames.PULLPIRI)) {
            rig.apply(ServerRig.BRAKING);
            awaitStates("/package/braking/state", "PACKAGE_STATE_IDLE", "/scenario/drive/state", "SCENARIO_STATE_IDLE");
            rig.client().sendChangedContainerList(ServerRig.list("running", "exited:1"));
            awaitStates(
                    "/package/braking/state", "PACKAGE_STATE_DEGRADED",
                    "/model/brake/state", "Running",
                    "/model/light/state", "Dead",
                    "/scenario/drive/state", "SCENARIO_STATE_IDLE");
            Await.until(TIMEOUT, this::trouble, () -> trouble().isEmpty());
            assertThat(rig.server.manager().mirror().health().lag()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "PULLPIRI, PACKAGE_STATE_RUNNING, Running",
        "TITLE, Running, Running",
        "PROTOBUF, PACKAGE_STATE_RUNNING, MODEL_STATE_RUNNING"
    })
    void changedSpelling_rewritesTheKeys(ExportedStateNames names, String packageState, String modelState)
            throws Exception {
        service.database.put("/package/braking/state", "Paused");
        rig.apply("kind: Package\nmetadata: {name: braking}\nspec: {models: [{name: brake}]}\n");
        rig.client()
                .sendStateChange(ServerRig.change(ResourceType.RESOURCE_TYPE_MODEL, "brake", "Running")
                        .build());
        try (PullpiriStore store = store();
                PullpiriMirror mirror = mirror(store, names)) {
            awaitStates("/package/braking/state", packageState, "/model/brake/state", modelState);
            Await.until(
                    Duration.ofSeconds(20),
                    () -> "repaired",
                    () -> mirror.metrics().repairs() == 2);
        }
    }

    @Test
    void deletedResource_losesItsKeyAlsoIfItWasDeletedWithoutTheMirror() throws Exception {
        service.database.put("/package/foreign/state", "PACKAGE_STATE_RUNNING");
        try (PullpiriStore store = store();
                PullpiriMirror _ = mirror(store, ExportedStateNames.PULLPIRI)) {
            rig.apply(ServerRig.BRAKING);
            Await.until(
                    Duration.ofSeconds(20),
                    () -> "written: " + service.database,
                    () -> service.database.containsKey("/package/braking/state"));
        }
        rig.artifacts()
                .delete(DeleteRequest.newBuilder().setYaml(ServerRig.BRAKING).build());
        try (PullpiriStore store = store();
                PullpiriMirror _ = mirror(store, ExportedStateNames.PULLPIRI)) {
            awaitStates("/package/foreign/state", "PACKAGE_STATE_RUNNING");
        }
    }

    @Test
    void outage_delaysNoReport_andChangesAreWrittenAfterIt() throws Exception {
        try (PullpiriStore store = store();
                PullpiriMirror _ = mirror(store, ExportedStateNames.PULLPIRI)) {
            rig.apply(ServerRig.BRAKING);
            Await.until(Duration.ofSeconds(20), () -> "in step", () -> trouble().isEmpty());
            service.close();
            rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
            assertThat(rig.packageState("braking")).isEqualTo("Running");
            Await.until(
                    Duration.ofSeconds(20),
                    this::trouble,
                    () -> trouble().contains("cannot be reached")
                            && rig.server.manager().mirror().health().lag().isPositive());
            rig.client().sendChangedContainerList(ServerRig.list("paused", "paused"));
            service = FakeRocksDbService.start(service.port(), service.database);
            awaitStates(
                    "/package/braking/state", "PACKAGE_STATE_PAUSED",
                    "/model/brake/state", "Paused",
                    "/model/light/state", "Paused",
                    "/scenario/drive/state", "SCENARIO_STATE_IDLE");
            Await.until(Duration.ofSeconds(20), this::trouble, () -> trouble().isEmpty());
        }
    }
}
