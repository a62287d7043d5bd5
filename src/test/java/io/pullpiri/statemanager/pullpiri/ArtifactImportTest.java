// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.StatusRuntimeException;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.v1.AcceptMissingRequest;
import io.pullpiri.proto.statemanager.v1.GetMirrorRequest;
import io.pullpiri.proto.statemanager.v1.MirrorGrpc;
import io.pullpiri.statemanager.artifact.Artifact;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.state.ExportedStateNames;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeRocksDbService;
import io.pullpiri.statemanager.testing.ServerRig;
import io.pullpiri.statemanager.view.PackageEntry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The artifacts of Pullpiri's store in a whole server. */
class ArtifactImportTest {

    private static final PullpiriMirror.Pace FAST = new PullpiriMirror.Pace(
            Duration.ofMillis(20), Duration.ofMillis(60), Duration.ofHours(1), Duration.ofSeconds(5));

    @TempDir
    private Path folder;

    private final FakeRocksDbService service = FakeRocksDbService.start();
    private final PullpiriStore store = new PullpiriStore(service.address(), Duration.ofSeconds(5));
    private ServerRig rig;
    private PullpiriMirror mirror;

    ArtifactImportTest() throws Exception {}

    @BeforeEach
    void start() throws Exception {
        start(FAST);
    }

    private void start(PullpiriMirror.Pace pace) throws Exception {
        rig = new ServerRig("sqlite:" + folder.resolve("s.db"), "off", Map.of());
        rig.awaitReady();
        mirror = PullpiriMirror.start(store, ExportedStateNames.PULLPIRI, rig.server.manager(), failures -> 20, pace);
    }

    private void stopServer() {
        mirror.close();
        rig.close();
    }

    @AfterEach
    void stop() {
        stopServer();
        store.close();
        service.close();
    }

    private void await(BooleanSupplier condition) {
        Await.until(
                Duration.ofSeconds(20),
                () -> service.database + ", " + rig.server.manager().view().packages() + ", " + trouble(),
                condition);
    }

    private String trouble() {
        return mirrorStub().getMirror(GetMirrorRequest.getDefaultInstance()).getTrouble();
    }

    private MirrorGrpc.MirrorBlockingStub mirrorStub() {
        return MirrorGrpc.newBlockingStub(rig.channel());
    }

    private boolean isKnown(String packageName) {
        return rig.server.manager().view().packages().containsKey(packageName);
    }

    private String yaml(String packageName) {
        PackageEntry entry = rig.server.manager().view().packages().get(packageName);
        return entry == null ? "" : String.valueOf(entry.artifactText().value());
    }

    private static String packageYaml(String name) {
        return "kind: Package\nmetadata: {name: " + name + "}\nspec: {models: [{name: brake}]}\n";
    }

    // [utest->req~mir-artifacts~1]
    @Test
    void artifact_isAppliedChangedAndDeleted() {
        service.database.put("Package/braking", packageYaml("braking"));
        service.database.put("Model/brake", "kind: Model\nmetadata: {name: brake}\nspec: {}\n");
        service.database.put(
                "Scenario/drive", "kind: Scenario\nmetadata: {name: drive}\nspec: {action: launch, target: braking}\n");
        await(() -> "PACKAGE_STATE_IDLE".equals(service.database.get("/package/braking/state"))
                && "SCENARIO_STATE_IDLE".equals(service.database.get("/scenario/drive/state")));
        rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        assertThat(rig.packageState("braking")).isEqualTo("Running");
        await(() -> "PACKAGE_STATE_RUNNING".equals(service.database.get("/package/braking/state")));

        service.database.put(
                "Package/braking", packageYaml("braking").replace("[{name: brake}]", "[{name: brake}, {name: light}]"));
        await(() -> rig.server.manager().view().isNamed("light"));

        service.database.remove("Package/braking");
        await(() -> !service.database.containsKey("/package/braking/state"));
        assertThat(isKnown("braking")).isFalse();
        assertThat(trouble()).isEmpty();
    }

    // [utest->req~mir-artifacts~1]
    @Test
    void brokenArtifact_isSkippedAndReportedOnce() {
        service.database.put("Package/good", packageYaml("good"));
        await(() -> isKnown("good"));
        service.database.put("Package/good", "kind: Package\nmetadata: [");
        service.database.put("Package/wrong-name", packageYaml("other"));
        service.database.put("Package/last", packageYaml("last"));
        await(() -> isKnown("last"));
        long reads = mirror.metrics().reads();
        await(() -> mirror.metrics().reads() > reads + 20);
        assertThat(isKnown("good")).isTrue();
        assertThat(isKnown("other")).isFalse();
        assertThat(rig.server.manager().anomalies().counts()).containsEntry("broken-artifact", 2L);
        service.database.put("Package/good", packageYaml("good") + "# again\n");
        await(() -> yaml("good").endsWith("# again\n"));
    }

    @Test
    void artifactOfTheOperator_staysUnlessPullpirisStoreHasAnother() {
        rig.apply(packageYaml("own"));
        service.database.put("Package/both", packageYaml("both"));
        await(() -> isKnown("both"));
        rig.apply(packageYaml("both") + "# the operator's\n");
        await(() -> !yaml("both").endsWith("operator's\n"));
        service.database.clear();
        await(() -> !isKnown("both"));
        assertThat(isKnown("own")).isTrue();
    }

    // [utest->req~mir-deletion~1]
    @Test
    void wipedDatabase_deletesNothingUntilAnOperatorAccepts_alsoAfterARestart() throws Exception {
        for (int i = 0; i < 7; i++) {
            service.database.put("Package/p" + i, packageYaml("p" + i));
        }
        await(() -> isKnown("p6") && trouble().isEmpty());
        assertThatThrownBy(() -> mirrorStub().acceptMissing(AcceptMissingRequest.getDefaultInstance()))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("no deletion waits for a confirmation");

        service.database.clear();
        await(() -> trouble().contains("7 of 7 artifacts are missing"));
        stopServer();
        start(FAST);
        await(() -> trouble().contains("7 of 7 artifacts are missing"));
        long reads = mirror.metrics().reads();
        await(() -> mirror.metrics().reads() > reads + 20);
        assertThat(rig.server.manager().view().packages()).hasSize(7);

        assertThat(mirrorStub()
                        .acceptMissing(AcceptMissingRequest.getDefaultInstance())
                        .getArtifactsList())
                .hasSize(7)
                .contains("Package/p0");
        await(() ->
                rig.server.manager().view().packages().isEmpty() && trouble().isEmpty());
    }

    // [utest->req~mir-artifacts~1]
    @Test
    void announcement_isFollowedByReadsAtOnceAndLater() throws Exception {
        stopServer();
        start(new PullpiriMirror.Pace(
                Duration.ofHours(1), Duration.ofHours(1), Duration.ofHours(1), Duration.ofSeconds(5)));
        await(() -> trouble().isEmpty());
        service.database.put("Package/late", packageYaml("late"));
        rig.client()
                .sendStateChange(ServerRig.change(ResourceType.RESOURCE_TYPE_SCENARIO, "drive", "idle")
                        .build());
        await(() -> isKnown("late"));
        service.database.put("Package/later", packageYaml("later"));
        await(() -> isKnown("later"));
    }

    // [utest->req~mir-first-states~2]
    @Test
    void scenarioStatesOfPullpirisStore_areTakenOverAtTheFirstStart() throws Exception {
        stopServer();
        folder = folder.resolve("fresh");
        Files.createDirectory(folder);
        service.database.put("/scenario/drive/state", "SCENARIO_STATE_ALLOWED");
        service.database.put("/scenario/other/state", "nonsense");
        service.database.put("/scenario/deleted/state", "SCENARIO_STATE_PLAYING");
        service.database.put(
                "Scenario/drive", "kind: Scenario\nmetadata: {name: drive}\nspec: {action: launch, target: braking}\n");
        start(FAST);
        await(() -> rig.server.manager().view().scenarios().containsKey("drive"));
        assertThat(rig.state(ResourceType.RESOURCE_TYPE_SCENARIO, "drive").getCurrentState())
                .isEqualTo("Allowed");
        assertThat(service.database).containsEntry("/scenario/other/state", "nonsense");
        assertThat(rig.server.manager().view().scenarios())
                .as("the state of a scenario without an artifact is left over")
                .containsOnlyKeys("drive");
    }

    private static List<Integer> sizesOfCommands(CommandResult answer) throws Exception {
        List<Artifact> artifacts = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            artifacts.add(ArtifactParser.parse(packageYaml("p" + i)));
        }
        List<Integer> sizes = new ArrayList<>();
        String trouble = ArtifactImport.applyAll(artifacts, command -> {
            sizes.add(((Command.MirrorArtifacts) command).artifacts().size());
            return answer;
        });
        assertThat(trouble).contains("artifacts of Pullpiri's store are not stored: because");
        return sizes;
    }

    @Test
    void outageOfOurStore_isMetByOneCommand() throws Exception {
        assertThat(sizesOfCommands(new CommandResult.NotDurableYet("because"))).containsExactly(50);
    }

    @Test
    void refusedArtifacts_areTriedOneByOne() throws Exception {
        assertThat(sizesOfCommands(new CommandResult.Rejected("because")))
                .hasSize(51)
                .startsWith(50, 1, 1);
        assertThat(sizesOfCommands(new CommandResult.ResourceExhausted("because")))
                .hasSize(51);
    }
}
