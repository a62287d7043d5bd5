// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.testing.Handwritten;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The commands against a real server. */
class CommandsTest extends CommandRig {

    private static final String CONTROL = "[\\p{Cc}&&[^\n]]";

    @Test
    void apply_reportsTheOutcomeOfEachArtifact() throws IOException {
        String braking = file("braking.yaml", ServerRig.BRAKING);
        String other =
                file("other.yaml", "kind: Policy\nmetadata: {name: p}\n---\nkind: Model\nmetadata: {name: brake}\n");

        assertThat(ask("apply", "-f", braking, other)).isEqualTo(new Run(0, """
                        package/braking created
                        scenario/drive created
                        policy/p passed over: no state depends on a Policy (only on Scenario, Package and Model)
                        model/brake created
                        """, ""));
        assertThat(ask("apply", "-f", braking).out())
                .isEqualTo("package/braking unchanged\nscenario/drive unchanged\n");
        file("braking.yaml", ServerRig.BRAKING.replace("{name: light}", "{name: horn}"));
        assertThat(ask("apply", "-f", braking).out()).isEqualTo("package/braking changed\nscenario/drive unchanged\n");
        assertThat(ask("delete", "-f", braking).out()).isEqualTo("package/braking deleted\nscenario/drive deleted\n");
        assertThat(ask("delete", "-f", braking).out())
                .isEqualTo("package/braking not found\nscenario/drive not found\n");
    }

    @Test
    void rejectedFile_isNamedAndOthersAreApplied() throws IOException {
        String broken = file("broken.yaml", "kind: Package\nmetadata: {name: 5}\n");
        String good = file("good.yaml", ServerRig.BRAKING);

        Run run = ask("apply", "-f", broken, "-f", good);

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).contains("package/braking created");
        assertThat(run.err())
                .isEqualTo("error: " + broken + ": document 1: metadata.name: '5' on line 2 is a number"
                        + " (expected: a name, as text: put it in quotes, \"5\")\n");
    }

    @Test
    void misspelledField_isAWarningAndUnderStrictAnError() throws IOException {
        String typo = file("typo.yaml", Handwritten.text("model-for-models.yaml"));
        String warning =
                "Package/mirrors: spec.model on line 6 is an unknown field and is ignored" + " (did you mean models?)";

        Run strict = ask("apply", "-f", typo, "--strict");
        assertThat(strict.exitCode()).isEqualTo(1);
        assertThat(strict.out()).isEmpty();
        assertThat(strict.err())
                .startsWith("error: " + typo + ": strict: " + warning + "; Package/mirrors: spec.models");
        assertThat(ask("get", "packages").err()).isEqualTo("There are no packages yet.\n");

        Run lenient = ask("apply", "-f", typo);
        assertThat(lenient.exitCode()).isZero();
        assertThat(lenient.out()).isEqualTo("package/mirrors created\n");
        assertThat(lenient.err())
                .startsWith(
                        "warning: " + typo + ": " + warning + "\nwarning: " + typo + ": Package/mirrors: spec.models");
    }

    @Test
    void unknownKind_isAnErrorWithASuggestion() throws IOException {
        String typo = file("typo.yaml", ServerRig.BRAKING + "---\n" + Handwritten.text("misspelt-kind.yaml"));

        for (String command : List.of("apply", "delete")) {
            Run run = ask(command, "-f", typo);
            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.out()).isEmpty();
            assertThat(run.err())
                    .startsWith("error: " + typo + ": document 3: kind: 'Pakcage' on line 10 is unknown")
                    .contains("did you mean Package?");
        }
        assertThat(ask("get", "packages").err()).isEqualTo("There are no packages yet.\n");
    }

    @Test
    void unreadableFile_preventsSending() throws IOException {
        String good = file("good.yaml", ServerRig.BRAKING);
        Files.write(folder.resolve("latin1.yaml"), new byte[] {'k', (byte) 0xE9});
        String missing = folder.resolve("missing.yaml").toString();
        String latin1 = folder.resolve("latin1.yaml").toString();

        assertThat(ask("apply", "-f", good, missing))
                .isEqualTo(new Run(1, "", "error: " + missing + ": no such file\n"));
        assertThat(ask("apply", "-f", good, latin1))
                .isEqualTo(new Run(
                        1, "", "error: " + latin1 + ": is not UTF-8: byte 0xE9 at offset 1 (expected: UTF-8 text)\n"));
        assertThat(ask("apply", "-f", good, folder.toString()).exitCode()).isEqualTo(1);
        assertThat(ask("get", "packages")).isEqualTo(new Run(0, "", "There are no packages yet.\n"));
    }

    @Test
    void get_showsStateSinceCountsAndCause() {
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));

        List<String> packages = ask("get", "packages").out().lines().toList();
        assertThat(packages).hasSize(2);
        assertThat(packages.getFirst().split(" {2,}", -1)).containsExactly("NAME", "STATE", "SINCE", "MODELS", "CAUSE");
        assertThat(packages.getLast())
                .matches(
                        "braking +Degraded +\\d+s +1 dead, 1 running +1 of 2 models dead: brake dead .*exit code 139.*");
        assertThat(ask("get", "models").out().lines().map(line -> line.split(" +", 3)[1]))
                .containsExactly("STATE", "Dead", "Running");
        assertThat(ask("get", "model", "light").out().lines()).hasSize(2);
        assertThat(ask("get", "scenarios").out())
                .contains("drive")
                .contains("launch")
                .contains("braking");
    }

    // [utest->req~wire-nodes~1]
    @Test
    void getNodes_showsLastReportAndUnmatchedContainers() throws IOException {
        assertThat(ask("get", "nodes")).isEqualTo(new Run(0, "", "There are no nodes yet.\n"));
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));

        List<String> unknown = ask("get", "nodes").out().lines().toList();
        assertThat(unknown.getFirst().split(" {2,}", -1))
                .containsExactly("NAME", "LAST REPORT", "CONTAINERS", "UNMATCHED", "KNOWN", "WARNING");
        assertThat(unknown.getLast()).matches("HPC +\\d+s +2 +2 +no +- *");
        rig.apply(ServerRig.BRAKING);
        assertThat(ask("get", "nodes").out().lines().toList().getLast()).matches("HPC +\\d+s +2 +0 +yes +- *");
        JsonNode one = new ObjectMapper()
                .readTree(ask("get", "node", "HPC", "-o", "json").out());
        assertThat(one.path("lastReport").asText()).startsWith("20");
        assertThat(one.path("known").asBoolean()).isTrue();
        assertThat(one.path("containers").asInt()).isEqualTo(2);
        assertThat(one.path("unmatched").asInt()).isZero();
        assertThat(ask("get", "node", "ZONE")).isEqualTo(new Run(1, "", "error: node ZONE is not known\n"));
        assertThat(ask("get", "nodes", "--state", "running").err())
                .contains("nodes have no states (expected: packages, models or scenarios)");
        assertThat(ask("describe", "node", "HPC").out())
                .contains("node/HPC  last report ")
                .contains("container brake_main: dead, exit code 139, of model brake");
    }

    // [utest->req~wire-nodes~1]
    @Test
    void forgetNode_isRejectedForALiveNodeUnlessForced() {
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));

        Run refused = ask("forget", "node", "HPC");
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.err())
                .matches("error: node HPC is not forgotten: its last report is \\d+ s old"
                        + " \\(expected: at least 10 min\\); force forgets it nevertheless\n");
        assertThat(ask("forget", "node", "HPC", "--force")).isEqualTo(new Run(0, "node HPC is forgotten\n", ""));
        assertThat(ask("get", "nodes").out()).isEmpty();
        assertThat(ask("history", "model", "light").out())
                .contains("node HPC was forgotten by force, requested by operator");
        assertThat(ask("forget", "node", "HPC")).isEqualTo(new Run(1, "", "error: node HPC is not known\n"));
        assertThat(ask("forget", "package", "braking").err())
                .contains("a package cannot be forgotten (expected: node)");
        assertThat(ask("history", "node", "HPC").exitCode()).isEqualTo(2);
        assertThat(ask("wait", "node", "HPC", "--for", "running").exitCode()).isEqualTo(2);
    }

    @Test
    void mirror_isOffWithoutPullpirisStore() {
        assertThat(ask("mirror")).isEqualTo(new Run(0, "off: Pullpiri's store is not mirrored\n", ""));
        assertThat(ask("mirror", "accept").err())
                .isEqualTo("error: Pullpiri's store is not mirrored (expected: the setting pullpiri-store)\n");
    }

    @Test
    void jsonAndYaml_haveTheSameContent() throws IOException {
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));

        JsonNode all =
                new ObjectMapper().readTree(ask("get", "packages", "-o", "json").out());
        JsonNode one = new ObjectMapper()
                .readTree(ask("get", "package", "braking", "-o", "json").out());
        Object yaml = new Load(LoadSettings.builder().build())
                .loadFromString(ask("get", "packages", "braking", "-o", "yaml").out());

        assertThat(all).hasSize(1);
        assertThat(all.get(0).get("cause")).isEqualTo(one.get("cause"));
        assertThat(one.get("models").toString()).isEqualTo("[\"brake\",\"light\"]");
        assertThat(one.get("state").asText()).isEqualTo("Degraded");
        assertThat(one.get("scenarios").toString()).isEqualTo("[\"drive\"]");
        assertThat(new ObjectMapper().valueToTree(yaml).toString()).isEqualTo(one.toString());
        assertThat(ask("get", "scenarios", "-o", "json").exitCode()).isZero();
    }

    @Test
    void getWithStates_listsOnlyThoseStates() {
        rig.apply(ServerRig.BRAKING);
        rig.apply("kind: Package\nmetadata: {name: cabin}\n");
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "exited:1"));

        for (String state : List.of("error", "Error", "PACKAGE_STATE_ERROR")) {
            assertThat(ask("get", "packages", "--state=" + state).out().lines().skip(1))
                    .singleElement()
                    .asString()
                    .startsWith("braking");
        }
        assertThat(ask("get", "packages", "--state=paused"))
                .isEqualTo(new Run(0, "", "There are no packages in the state paused.\n"));
        assertThat(ask("get", "packages", "--state=dead").exitCode()).isEqualTo(2);
        assertThat(ask("get", "packages", "--state=dead").err())
                .startsWith("error: --state: 'dead' is no state of a package (expected: idle, paused, exited, ");
        assertThat(ask("get", "package", "braking", "--state=error").exitCode()).isEqualTo(2);
    }

    @Test
    void commandsNamedInAlerts_work() throws IOException {
        List<String> commands = Pattern.compile("statemanager( [a-z-]+[^']*)'")
                .matcher(Files.readString(Path.of("deploy", "alerts.yaml")))
                .results()
                .map(found -> found.group(1).strip())
                .toList();

        assertThat(commands).isNotEmpty();
        for (String command : commands) {
            assertThat(ask(command.split(" ", -1)).exitCode()).as(command).isZero();
        }
    }

    @Test
    void koreanText_isAlignedInColumns() {
        rig.apply("kind: Package\nmetadata: {name: 제동}\n---\nkind: Package\nmetadata: {name: braking}\n");

        List<String> lines = ask("get", "packages").out().lines().toList();

        // A Hangul syllable is two columns wide.
        int column = lines.getFirst().indexOf("STATE");
        assertThat(lines.get(1).indexOf("Idle")).isEqualTo(column);
        assertThat(lines.get(2))
                .startsWith("제동")
                .satisfies(line -> assertThat(line.indexOf("Idle")).isEqualTo(column - 2));
    }

    @Test
    void describe_showsTheCausesDownToTheContainers() {
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));

        List<String> tree = ask("describe", "package", "braking").out().lines().toList();

        assertThat(tree).hasSize(6);
        assertThat(tree.get(0)).matches("package/braking  Degraded  \\d+s  1 of 2 models dead: brake dead .*");
        assertThat(tree.get(1)).startsWith("├─ scenario/drive  Idle");
        assertThat(tree.get(2)).startsWith("├─ model/brake  Dead");
        assertThat(tree.get(3)).isEqualTo("│  └─ container brake_main on HPC: dead, exit code 139");
        assertThat(tree.get(4)).startsWith("└─ model/light  Running");
        assertThat(tree.get(5)).isEqualTo("   └─ container light_main on HPC: running");
        assertThat(ask("describe", "package", "unknown").exitCode()).isEqualTo(1);
    }

    @Test
    void describeModel_showsThePackagesThatUseIt() {
        rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
        assertThat(ask("describe", "model", "brake").out()).contains("├─ used by no package\n");

        rig.apply(ServerRig.BRAKING);
        rig.apply("kind: Package\nmetadata: {name: alarm}\nspec: {models: [{name: brake}]}\n");
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));

        assertThat(ask("describe", "model", "brake").out().lines().skip(1))
                .containsExactly("├─ used by: alarm, braking", "└─ container brake_main on HPC: dead, exit code 139");
    }

    @Test
    void describeScenario_showsTheWholeChainAndWhatIsMissing() {
        rig.apply(ServerRig.BRAKING);
        rig.apply("kind: Scenario\nmetadata: {name: park}\nspec: {action: launch, target: braking}\n");
        rig.apply("kind: Scenario\nmetadata: {name: lost}\nspec: {action: launch, target: nothing}\n");
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));

        assertThat(ask("describe", "scenario", "drive").out().lines().map(line -> line.split(" {2}[A-Z0-9]", -1)[0]))
                .containsExactly(
                        "scenario/drive",
                        "└─ package/braking",
                        "   ├─ scenario/park",
                        "   ├─ model/brake",
                        "   │  └─ container brake_main on HPC: dead, exit code 139",
                        "   └─ model/light",
                        "      └─ container light_main on HPC: running");
        assertThat(ask("describe", "scenario", "lost").out().lines().skip(1))
                .containsExactly("└─ package/nothing  does not exist");
    }

    @Test
    void name_mayContainAComma() throws IOException {
        rig.apply("kind: Package\nmetadata: {name: braking}\nspec: {models: [{name: 'a,b'}, {name: c}]}\n");

        JsonNode json = new ObjectMapper()
                .readTree(ask("get", "package", "braking", "-o", "json").out());
        assertThat(json.get("models").toString()).isEqualTo("[\"a,b\",\"c\"]");
        assertThat(ask("describe", "package", "braking").out().lines().skip(1))
                .containsExactly("├─ model/a,b  no state yet", "└─ model/c  no state yet");
    }

    @Test
    void describe_saysWhetherTheLastGoodArtifactIsInForce() throws IOException {
        rig.apply(ServerRig.BRAKING);
        for (String name : List.of("braking", "steering")) {
            // Another component writes into the store.
            WatchEvent broken = new WatchEvent(Keys.artifact("Package", name), "kind: Package", 1_000_000);
            assertThat(rig.server
                            .manager()
                            .submit(new Command.StoreEvents(List.of(broken), false), Duration.ofSeconds(20))
                            .join())
                    .isInstanceOf(CommandResult.Done.class);
        }
        String reason = "metadata.name: missing (expected: a name, as text)\n";

        assertThat(ask("describe", "package", "braking").out())
                .contains("artifact broken, the last good one is in force: " + reason);
        assertThat(ask("describe", "package", "steering").out())
                .contains("artifact broken, no good one is known: " + reason)
                .doesNotContain("last good");
        ObjectMapper mapper = new ObjectMapper();
        assertThat(mapper.readTree(ask("get", "packages", "-o", "json").out()).findValues("lastGoodInForce"))
                .hasSize(1);
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI packages = URI.create("http://127.0.0.1:" + rig.server.httpPort() + "/api/v1/packages");
            JsonNode items = mapper.readTree(
                    client.sendAsync(HttpRequest.newBuilder(packages).build(), BodyHandlers.ofString())
                            .join()
                            .body());
            assertThat(items.findValuesAsText("artifactBroken")).hasSize(2);
            assertThat(items.findValuesAsText("lastGoodInForce")).containsExactly("true");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"get models", "get model brake", "describe package p", "history model brake"})
    void invisibleCharactersInForeignTexts_areShownEscaped(String args) {
        ContainerInfo container = ServerRig.container("brake", "exited:3").toBuilder()
                .setNames(0, "brake\u202Emain")
                .build();
        rig.apply("kind: Package\nmetadata: {name: p}\nspec: {models: [{name: brake}]}\n");
        rig.client()
                .sendChangedContainerList(ContainerList.newBuilder()
                        .setNodeName("HPC")
                        .addContainers(container)
                        .build());

        assertThat(ask(args.split(" ")).out())
                .contains("brake\\u{202E}main on HPC: exit code 3")
                .doesNotContain("\u202E");
        if (!args.startsWith("describe")) {
            assertThat(ask((args + " -o json").split(" ")).out()).doesNotContain("\u202E");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"get models", "get model brake", "describe model brake", "history model brake"})
    void controlSequencesInForeignTexts_doNotReachTheTerminal(String args) {
        // Not through the service, which rejects such texts. An earlier version or another component may store them.
        Command change = new Command.ModelChange("brake", ModelState.RUNNING, "id", "\u001b]0;owned\u0007\u009b2J");
        assertThat(rig.server.manager().submit(change, Duration.ofSeconds(20)).join())
                .isInstanceOf(CommandResult.Done.class);

        assertThat(ask(args.split(" ")).out())
                .contains("requested by \\u{1B}]0;owned\\u{7}\\u{9B}2J")
                .doesNotContainPattern(CONTROL);
        assertThat(ask((args + " -o json").split(" ")).out()).doesNotContainPattern(CONTROL);
    }

    @Test
    void history_showsTheNewestFirst() throws IOException {
        rig.apply(ServerRig.BRAKING);
        rig.client().sendChangedContainerList(ServerRig.list("exited:139", "running"));

        assertThat(ask("history", "package", "braking").out().lines().map(line -> line.split(" {2,}", -1)[1]))
                .containsExactly("STATE", "Degraded", "Idle");
        JsonNode json = new ObjectMapper()
                .readTree(ask("history", "package", "braking", "-n", "1", "-o", "json")
                        .out());
        assertThat(json).hasSize(1);
        assertThat(json.get(0).get("to").asText()).isEqualTo("Degraded");
        assertThat(json.get(0).get("cause").asText()).contains("exit code 139");
        assertThat(ask("history", "package", "unknown").err()).isEqualTo("error: package unknown is not known\n");
    }

    @Test
    void wait_endsWhenTheStateIsReachedOrTheTimeIsUp() {
        rig.apply(ServerRig.BRAKING);
        CompletableFuture<Run> waiting =
                CompletableFuture.supplyAsync(() -> ask("wait", "package", "braking", "--for=running"));
        rig.client().sendChangedContainerList(ServerRig.list("running", "running"));

        assertThat(waiting.join()).isEqualTo(new Run(0, "package/braking is Running\n", ""));
        assertThat(ask("wait", "package", "braking", "--for", "PACKAGE_STATE_RUNNING")
                        .exitCode())
                .isZero();
        assertThat(ask("wait", "package", "braking", "--for=error", "--timeout=200ms")
                        .exitCode())
                .isEqualTo(3);
        assertThat(ask("wait", "model", "ghost", "--for=dead", "--timeout=200ms")
                        .err())
                .isEqualTo("error: model/ghost has no state after 200 ms (expected: dead)\n");
        assertThat(ask("wait", "package", "braking", "--for=waiting").exitCode())
                .isEqualTo(2);
    }

    @Test
    void unknownResource_isAFailureWithAMessage() {
        assertThat(ask("get", "package", "unknown").exitCode()).isEqualTo(1);
        assertThat(ask("get", "package", "unknown").err()).startsWith("error: ").contains("unknown");
    }
}
