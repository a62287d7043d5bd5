// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.v1.DeleteRequest;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.state.ExportedStateNames;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.FakeRocksDbService;
import io.pullpiri.statemanager.testing.ServerRig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

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

    // [utest->req~sto-owner~1]
    @Test
    @Tag("etcd")
    void serverThatLostItsStore_mirrorsNothing() throws Exception {
        try (EtcdServer etcd = EtcdServer.start();
                ServerRig old = new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of())) {
            old.awaitReady();
            old.apply(ServerRig.BRAKING);
            try (ServerRig owner = new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of());
                    PullpiriStore store = store()) {
                owner.awaitReady();
                assertThat(old.server
                                .manager()
                                .submit(new Command.NodeReport("HPC", List.of()), TIMEOUT)
                                .get())
                        .isInstanceOf(CommandResult.NotDurableYet.class);
                Await.until(
                        TIMEOUT,
                        () -> "given way",
                        () -> !old.server.manager().newOwner().isEmpty());
                service.database.put("/package/braking/state", "as its owner wrote it");
                try (PullpiriMirror mirror = PullpiriMirror.start(
                        store, ExportedStateNames.PULLPIRI, old.server.manager(), failures -> 20)) {
                    Await.until(
                            Duration.ofSeconds(20),
                            () -> trouble(old),
                            () -> trouble(old).contains("uses this store"));
                    assertThat(mirror.metrics().reads()).isZero();
                    assertThat(service.database)
                            .containsOnly(Map.entry("/package/braking/state", "as its owner wrote it"));
                }
            }
        }
    }

    private static String trouble(ServerRig rig) {
        return rig.server.manager().mirror().health().trouble();
    }

    @Test
    void threadThatEnds_isReported() throws Exception {
        service.close();
        try (PullpiriStore store = store();
                PullpiriMirror _ =
                        PullpiriMirror.start(store, ExportedStateNames.PULLPIRI, rig.server.manager(), failures -> {
                            throw new AssertionError("a defect, for the test");
                        })) {
            Await.until(
                    Duration.ofSeconds(20),
                    this::trouble,
                    () -> trouble().contains("the mirror of Pullpiri's store has ended (states): ")
                            && trouble().contains("a defect, for the test; restart StateManager"));
        }
    }

    @Test
    void firstSuccess_isLoggedAsOne() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger(PullpiriMirror.class);
        Level before = logger.getLevel();
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.list = new CopyOnWriteArrayList<>();
        lines.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
        try (PullpiriStore store = store();
                PullpiriMirror _ = mirror(store, ExportedStateNames.PULLPIRI)) {
            Await.until(Duration.ofSeconds(20), this::trouble, () -> trouble().isEmpty());
            awaitLine(lines, "the mirror of Pullpiri's store works (states)");
            service.close();
            rig.apply(ServerRig.BRAKING);
            Await.until(Duration.ofSeconds(20), this::trouble, () -> trouble().contains("cannot be reached"));
            service = FakeRocksDbService.start(service.port(), service.database);
            awaitLine(lines, "the mirror of Pullpiri's store works again (states)");
        } finally {
            logger.detachAppender(lines);
            logger.setLevel(before);
        }
    }

    private static void awaitLine(ListAppender<ILoggingEvent> lines, String line) {
        Await.until(
                Duration.ofSeconds(20),
                () -> line + " in " + lines.list,
                () -> lines.list.stream()
                        .anyMatch(event -> event.getFormattedMessage().equals(line)));
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
