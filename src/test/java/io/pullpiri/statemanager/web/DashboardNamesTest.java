// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.WatchEvent;
import io.pullpiri.statemanager.testing.ServerRig;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The dashboard shows texts of other components safely. */
@Tag("browser")
class DashboardNamesTest {

    @TempDir
    private Path folder;

    /** A script that records the texts that are drawn on a canvas. */
    private static final String NOTING = "window.drawn = []; const draw = CanvasRenderingContext2D.prototype.fillText;"
            + " CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {"
            + " window.drawn.push(text); return draw.call(this, text, ...more); };";

    /** A script that returns all texts of the page with an invisible character: title, attributes and canvases included. */
    private static final String INVISIBLE = "const found = [document.title, ...window.drawn];"
            + " const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ALL);"
            + " for (let node = walk.nextNode(); node; node = walk.nextNode()) {"
            + " found.push(node.nodeValue ?? '', ...[...node.attributes ?? []].map(one => one.value)); }"
            + " return found.filter(text => /[\\p{Cf}\\p{Zl}\\p{Zp}]/u.test(text)).map(escape).join(' ; ');";

    private static void applyStoreEvent(ServerRig rig, String key, String value) {
        WatchEvent event = new WatchEvent(key, value, 1_000_000);
        assertThat(rig.server
                        .manager()
                        .submit(new Command.StoreEvents(List.of(event), false), Duration.ofSeconds(20))
                        .join())
                .isInstanceOf(CommandResult.Done.class);
    }

    @Test
    void invisibleCharactersOfStoredTexts_areEscapedOnEachPage() throws Exception {
        try (ServerRig rig = new ServerRig("sqlite:" + folder.resolve("states.db"), "off", Map.of());
                Browser browser = new Browser("en-US")) {
            String name = "pa\u202Eck";
            applyStoreEvent(
                    rig,
                    Keys.artifact("Package", name),
                    "kind: Package\nmetadata: {name: %s}\nspec: {models: [{name: mo\u200Bdel}, {name: other}]}\n"
                            .formatted(name));
            applyStoreEvent(
                    rig,
                    Keys.artifact("Scenario", "sc\u2066en"),
                    "kind: Scenario\nmetadata: {name: sc\u2066en}\nspec: {action: lau\u200Bnch, target: %s}\n"
                            .formatted(name));
            applyStoreEvent(rig, Keys.modelState("mo\u200Bdel"), "Dead");
            applyStoreEvent(
                    rig,
                    Keys.artifact("Package", "br\u2069oken"),
                    "kind: Package\nmetadata: {name: x\u200B, nam\u200B: 1}\n");

            browser.openAfter(NOTING, rig.server.httpPort(), "/");
            browser.awaitText(".row[data-state=Degraded] .name", "pa\\u{202E}ck");
            browser.awaitText(".row[data-state=Degraded] .cause", "mo\\u{200B}del");
            assertThat(browser.script("return window.drawn.join(' ')"))
                    .asString()
                    .contains("pa\\u{202E}ck");
            assertThat(browser.script(INVISIBLE)).isEqualTo("");

            String page = "/#/packages/" + URLEncoder.encode(name, StandardCharsets.UTF_8);
            browser.openAfter(NOTING, rig.server.httpPort(), page);
            browser.awaitText(".title strong", "pa\\u{202E}ck");
            browser.awaitText(".graph", "mo\\u(200B)del");
            browser.awaitText(".graph", "sc\\u(2066)en");
            browser.awaitText(".timeline", "mo\\u{200B}del");
            browser.awaitText("table", "Degraded");
            assertThat(browser.script("return document.title")).isEqualTo("pa\\u{202E}ck · StateManager");
            assertThat(browser.script(INVISIBLE)).isEqualTo("");

            browser.size(390, 844);
            browser.openAfter(NOTING, rig.server.httpPort(), page);
            browser.awaitText(".tree", "mo\\u{200B}del");
            assertThat(browser.script(INVISIBLE)).isEqualTo("");

            browser.openAfter(
                    NOTING,
                    rig.server.httpPort(),
                    "/#/packages/" + URLEncoder.encode("br\u2069oken", StandardCharsets.UTF_8));
            browser.awaitText(".warning", "no good one is known");
            assertThat(browser.script(INVISIBLE)).isEqualTo("");
            browser.openAfter(
                    NOTING,
                    rig.server.httpPort(),
                    "/#/packages/" + URLEncoder.encode("no\u200Bne", StandardCharsets.UTF_8));
            browser.awaitText(".empty", "no\\u{200B}ne");
            assertThat(browser.script(INVISIBLE)).isEqualTo("");
            assertThat(browser.complaints())
                    .filteredOn(line -> !line.contains("404"))
                    .isEmpty();
        }
    }

    @Test
    void invisibleCharacters_areEscapedAndOnlyAKnownGoodArtifactIsShownInForce() throws Exception {
        try (ServerRig rig = new ServerRig("sqlite:" + folder.resolve("states.db"), "off", Map.of());
                Browser browser = new Browser("en-US")) {
            rig.apply(ServerRig.BRAKING);
            rig.client()
                    .sendChangedContainerList(ContainerList.newBuilder()
                            .setNodeName("HPC")
                            .addContainers(ServerRig.container("brake", "exited:3").toBuilder()
                                    .setNames(0, "brake\u202Emain"))
                            .build());
            browser.size(390, 844); // at this width, the causes are a tree of texts
            browser.open(rig.server.httpPort(), "/#/packages/braking");
            browser.awaitText(".tree", "brake\\u{202E}main");
            assertThat(browser.text(".tree")).doesNotContain("\u202E");

            for (String name : List.of("braking", "steering")) {
                applyStoreEvent(rig, Keys.artifact("Package", name), "kind: Package");
            }
            browser.open(rig.server.httpPort(), "/#/packages/steering");
            browser.awaitText(".warning", "no good one is known: metadata.name: missing");
            browser.open(rig.server.httpPort(), "/#/packages/braking");
            browser.awaitText(".warning", "the last good one is in force: metadata.name: missing");
            assertThat(browser.complaints()).isEmpty();
        }
    }
}
