// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.statemanager.settings.Setting;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;

/** The dashboard in a real browser, on a real server. Screenshots are in {@code target/screenshots}. */
@Tag("browser")
@Tag("etcd")
class DashboardTest {

    private static final String LIVE = ".connection.live";
    private static final Duration SOON = Duration.ofSeconds(10);

    /** A script that records the requests of a page. */
    private static final String NOTING =
            "window.asked = []; const real = fetch; window.fetch = (...all) => { asked.push(all[0]); return real(...all); };";

    private static Browser browser;

    @TempDir
    private Path folder;

    private FakeActionController controller;
    private ServerRig rig;
    private final Map<String, String> containers = new HashMap<>();

    @BeforeAll
    static void openBrowser() {
        browser = new Browser("en-US");
    }

    @AfterAll
    static void closeBrowser() {
        browser.close();
    }

    @BeforeEach
    void start() throws Exception {
        browser.size(1280, 860);
        browser.dark(false);
        controller = FakeActionController.start(0);
        rig = open(0);
    }

    private ServerRig open(int port) throws IOException {
        return new ServerRig(
                "sqlite:" + folder.resolve("states.db"),
                controller.address(),
                Map.of(Setting.HTTP_PORT, Integer.toString(port)));
    }

    @AfterEach
    void stop() {
        rig.close();
        controller.close();
    }

    /** Starts the vehicle of the examples with all containers running. */
    private void vehicle() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("examples"))) {
            for (Path file : files.sorted().toList()) {
                String yaml = Files.readString(file);
                rig.apply(yaml);
            }
        }
        rig.server.manager().view().models().keySet().forEach(model -> containers.put(model, "running"));
        report(Map.of());
    }

    /** One node reports all containers. */
    private void report(Map<String, String> changes) {
        containers.putAll(changes);
        ContainerList.Builder list = ContainerList.newBuilder().setNodeName("HPC");
        containers.forEach((model, state) -> list.addContainers(ServerRig.container(model, state)));
        rig.client().sendChangedContainerList(list.build());
    }

    private void look(String path) {
        browser.open(rig.server.httpPort(), path);
        browser.awaitCount(LIVE, 1);
    }

    /** Checks that the page has the states of the server. */
    private void awaitCountsOfStates() {
        Map<String, Long> counts = rig.server.manager().view().packages().values().stream()
                .collect(Collectors.groupingBy(
                        entry -> Objects.requireNonNull(entry.state().value()).title(), Collectors.counting()));
        counts.forEach((state, count) -> browser.awaitText(".counts [data-state=" + state + "] b", count.toString()));
    }

    @Test
    void overview_showsEveryPackageAndItsChangesLive() throws Exception {
        vehicle();
        look("/");
        int packages = rig.server.manager().view().packages().size();
        browser.awaitCount(".row", packages);
        assertThat(browser.text(".search span")).isEqualTo(packages + " packages");
        assertThat(browser.text(".counts [data-state=Running] b")).isEqualTo(Integer.toString(packages));
        report(Map.of("lidar-perception", "exited:139"));
        // Without a reload, the worst package comes first, with its cause.
        browser.awaitText(".row", "adas");
        browser.awaitText(".row", "Degraded");
        browser.awaitText(".row .cause", "lidar-perception");
        assertThat(browser.text(".counts [data-state=Degraded] b")).isEqualTo("1");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void vehicleInTrouble_isShownInPictures() throws Exception {
        vehicle();
        List<Map<String, String>> story = List.of(
                Map.of("ota-client", "paused"),
                Map.of("lidar-perception", "exited:139"),
                Map.of("lidar-perception", "running", "parking-assist", "exited:0"),
                Map.of("cluster-hmi", "exited:134"),
                Map.of("camera-perception", "exited:1"),
                Map.of(
                        "camera-perception", "exited:1",
                        "lidar-perception", "exited:139",
                        "object-fusion", "exited:137",
                        "emergency-brake", "exited:1"));
        look("/");
        for (Map<String, String> change : story) {
            report(change);
            awaitCountsOfStates();
        }
        browser.awaitText(".row .reconcile", "acknowledged");
        browser.picture("overview-light");
        browser.dark(true);
        browser.picture("overview-dark");
        browser.size(1400, 860);
        browser.picture("overview-wide");
        browser.size(390, 844);
        browser.picture("overview-phone");
        browser.size(390, 1900);
        look("/#/packages/adas");
        browser.awaitText(".timeline", "emergency-brake");
        browser.picture("package-phone");
        browser.size(1280, 1280);
        for (boolean dark : new boolean[] {true, false}) {
            browser.dark(dark);
            look("/#/packages/adas");
            browser.awaitText(".timeline", "emergency-brake");
            browser.awaitText(".graph", "emergency-brake");
            browser.picture(dark ? "package-dark" : "package-light");
        }
        assertThat(browser.text(".title")).contains("adas").contains("Error").contains("4 of 4 models dead");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void packagePage_showsCauseAndReconcileProgress() throws Exception {
        vehicle();
        look("/#/packages/adas");
        browser.awaitText(".graph", "lidar-perception");
        report(Map.of("lidar-perception", "exited:139"));
        browser.awaitText(".title .state", "Degraded");
        browser.awaitText(".title p", "lidar-perception");
        report(Map.of("camera-perception", "exited:1", "object-fusion", "exited:1", "emergency-brake", "exited:1"));
        browser.awaitText(".title .state", "Error");
        browser.awaitText("main", "1 request");
        browser.awaitText("main", "acknowledged");
        browser.awaitCount(".timeline svg", 1);
        browser.awaitText("table", "Degraded");
        browser.type(Keys.ESCAPE);
        browser.awaitText(".row", "adas");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void packagePage_followsChangesOtherThanStates() throws Exception {
        vehicle();
        report(Map.of(
                "lidar-perception", "exited:139",
                "camera-perception", "exited:1",
                "object-fusion", "exited:1",
                "emergency-brake", "exited:1"));
        look("/#/packages/adas");
        browser.awaitText(".graph", "exit code 139");
        browser.awaitText(".card .faint", "next in");
        String next = browser.text(".card .faint");
        Await.until(
                SOON,
                () -> "less than " + next,
                () -> !browser.text(".card .faint").equals(next));
        // The model stays dead, so there is no event.
        report(Map.of("lidar-perception", "exited:7"));
        browser.awaitText(".graph", "exit code 7");
    }

    @Test
    void packagePage_showsContentDuringRapidChanges() throws Exception {
        vehicle();
        AtomicBoolean done = new AtomicBoolean();
        Thread busy = Thread.ofVirtual().start(() -> {
            for (int i = 0; !done.get(); i++) {
                rig.client()
                        .sendStateChange(ServerRig.change(
                                        RESOURCE_TYPE_MODEL, "lidar-perception", i % 2 == 0 ? "dead" : "running")
                                .build());
            }
        });
        try {
            String slow = "const real = fetch; window.fetch = async (...all) => {"
                    + " await new Promise(done => setTimeout(done, 400)); return real(...all); };";
            browser.openAfter(slow, rig.server.httpPort(), "/#/packages/adas");
            browser.awaitText(".title strong", "adas");
        } finally {
            done.set(true);
            busy.join();
        }
    }

    @Test
    void list_showsTheCurrentCauseOfADeadPackageWhoseStateStays() throws Exception {
        vehicle();
        report(Map.of("lidar-perception", "exited:139"));
        browser.openAfter(NOTING, rig.server.httpPort(), "/");
        browser.awaitText(".row .cause", "1 of 4 models dead: lidar-perception");
        report(Map.of("camera-perception", "exited:1"));
        browser.awaitText(".row .cause", "2 of 4 models dead: camera-perception dead");
        report(Map.of("lidar-perception", "running"));
        browser.awaitText(".row .cause", "1 of 4 models dead: camera-perception dead");
        // The package is requested a few times a second, however often its models change. No other package is
        // requested.
        long before = (long) browser.script("return asked.length");
        long start = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            rig.client()
                    .sendStateChange(
                            ServerRig.change(RESOURCE_TYPE_MODEL, "object-fusion", i % 2 == 0 ? "dead" : "running")
                                    .build());
        }
        report(Map.of("object-fusion", "exited:137"));
        browser.awaitText(".row .cause", "exit code 137");
        long asked = (long) browser.script("return asked.length") - before;
        assertThat(asked)
                .isBetween(1L, 2 + Duration.ofNanos(System.nanoTime() - start).toMillis() / 250);
        assertThat(browser.script("return [...new Set(asked)].join(' ')"))
                .isEqualTo("/api/v1/packages /api/v1/packages?name=adas");
    }

    @Test
    void list_hasRoomForContainerNodeAndExitCode() throws Exception {
        vehicle();
        report(Map.of("lidar-perception", "exited:139"));
        for (int width : List.of(1400, 390)) {
            browser.size(width, 860);
            look("/");
            browser.awaitText(".row .cause", "(container lidar-perception_main on HPC: exit code 139)");
            assertThat(browser.script("const { scrollWidth, clientWidth, scrollHeight, clientHeight }"
                            + " = document.querySelector('.row .cause');"
                            + " return scrollWidth <= clientWidth && scrollHeight <= clientHeight"))
                    .as("nothing is cut off at %d pixels", width)
                    .isEqualTo(true);
        }
    }

    @Test
    void packagePageOnAPhone_showsModelsAndContainersWithoutScrollingSideways() throws Exception {
        vehicle();
        report(Map.of("lidar-perception", "exited:139"));
        browser.size(390, 844);
        look("/#/packages/adas");
        browser.awaitText(".tree", "Container · HPC · exit code 139");
        assertThat(browser.text(".tree")).contains("Scenario · Idle · launch", "emergency-brake_main");
        assertThat(browser.script("const { scrollWidth, clientWidth } = document.querySelector('.tree').parentElement;"
                        + " return scrollWidth <= clientWidth && document.body.scrollWidth <= innerWidth"))
                .isEqualTo(true);
        // A turned phone has room for the graph.
        browser.size(1000, 844);
        browser.awaitText(".graph", "lidar-perception");
        browser.size(390, 844);
        browser.awaitText(".tree", "lidar-perception");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void list_dropsEndedReconcileRequests() throws Exception {
        vehicle();
        look("/");
        report(Map.of(
                "lidar-perception", "exited:139",
                "camera-perception", "exited:1",
                "object-fusion", "exited:1",
                "emergency-brake", "exited:1"));
        browser.awaitText(".row .reconcile", "acknowledged");
        // Degraded, which is not dead under these settings.
        report(Map.of("lidar-perception", "running"));
        browser.awaitText(".row", "Degraded");
        Await.until(
                SOON,
                () -> "no requests: " + browser.text(".row .reconcile"),
                () -> browser.text(".row .reconcile").isEmpty());
    }

    @Test
    void hiddenPage_sendsNoRequests() throws Exception {
        vehicle();
        String hidden = NOTING
                + " window.hide = now => { Object.defineProperty(document, 'hidden', { configurable: true, value: now });"
                + " document.dispatchEvent(new Event('visibilitychange')); }; hide(true);";
        browser.openAfter(hidden, rig.server.httpPort(), "/");
        browser.awaitText(".connection.connecting", "connecting");
        assertThat(browser.script("return asked.length")).isEqualTo(0L);
        browser.script("hide(false)");
        browser.awaitCount(LIVE, 1);
        // A page that is visible again may be outdated, and says so until it is loaded.
        browser.script("hide(true)");
        browser.awaitText(".connection.connecting", "connecting");
        browser.script("hide(false)");
        browser.awaitCount(LIVE, 1);
    }

    @Test
    void packagePageDuringAnOutage_showsTheLastKnownStates() throws Exception {
        try (EtcdServer etcd = EtcdServer.start();
                ServerRig cut =
                        new ServerRig("etcd://" + etcd.endpoint(), "off", Map.of(Setting.COMMIT_TIMEOUT, "2s"))) {
            Await.until(SOON, () -> "the store", () -> cut.server.manager().isReady());
            cut.apply(ServerRig.BRAKING);
            cut.client().sendChangedContainerList(ServerRig.list("running", "exited:1"));
            etcd.pause();
            browser.open(cut.server.httpPort(), "/#/packages/braking");
            browser.awaitText(".title .state", "Degraded");
            browser.awaitText(".graph", "exit code 1");
            browser.awaitText(".warning", "The history cannot be read now: ");
            // The page says that its states are outdated.
            browser.awaitText(".banner", "States as of ");
            assertThat(browser.count(LIVE)).isZero();
            browser.picture("package-without-store");
            etcd.resume();
            browser.awaitText("table", "Degraded");
            browser.awaitText(".timeline", "brake");
            browser.awaitCount(LIVE, 1);
            assertThat(browser.count(".banner")).isZero();
        }
    }

    @Test
    void filterAndSearch_showOnlyMatches() throws Exception {
        vehicle();
        report(Map.of("lidar-perception", "exited:139"));
        look("/");
        browser.click(".counts [data-state=Degraded]");
        browser.awaitCount(".row", 1);
        assertThat(browser.text(".row .name")).isEqualTo("adas");
        browser.click(".counts [data-state=Degraded]");
        browser.awaitText(".search span", "packages");
        browser.script("document.activeElement.blur()");
        browser.type("/");
        browser.type("parking");
        browser.awaitCount(".row", 1);
        assertThat(browser.text(".row .cause")).contains("parking-assist");
        // The keyboard alone reaches the list and the package.
        browser.type(Keys.ARROW_DOWN);
        browser.enter();
        browser.awaitText(".title", "주차보조");
        // The address holds the filter, so a link can be shared.
        look("/#/?state=Degraded");
        browser.awaitText(".search span", "1 of");
        look("/#/?text=nothing-like-that");
        browser.awaitText(".empty", "No package matches.");
    }

    @Test
    void lostConnection_isShownAndReconnects() throws Exception {
        vehicle();
        browser.openAfter(NOTING, rig.server.httpPort(), "/");
        browser.awaitCount(LIVE, 1);
        int port = rig.server.httpPort();
        rig.close();
        browser.awaitText(".connection.away", "no connection, trying again");
        rig = open(port);
        report(Map.of("lidar-perception", "exited:139"));
        browser.awaitCount(LIVE, 1);
        browser.awaitText(".row", "Degraded");
        // Recovery events are not stored, so the page loads reconcile requests again.
        Await.until(
                SOON,
                () -> "a second request",
                () -> (long) browser.script("return asked.filter(path => path === '/api/v1/packages').length") > 1);
    }

    @Test
    void manyPagesInOneBrowser_doNotBlockEachOther() throws Exception {
        vehicle();
        for (int i = 0; i < 8; i++) {
            browser.anotherTab();
            look("/");
            browser.awaitText(".row", "adas");
        }
        browser.closeOtherTabs();
        look("/");
    }

    @Test
    void koreanBrowser_getsKoreanTexts() throws Exception {
        vehicle();
        report(Map.of("lidar-perception", "exited:139"));
        try (Browser korean = new Browser("ko-KR")) {
            korean.open(rig.server.httpPort(), "/");
            korean.awaitText(".connection", "실시간");
            korean.awaitText(".row", "일부 고장");
            korean.picture("overview-korean");
            korean.open(rig.server.httpPort(), "/#/packages/adas");
            korean.awaitText("h2", "상태의 원인");
            assertThat(korean.script("return document.documentElement.lang")).isEqualTo("ko");
            assertThat(korean.script("return import('./texts.js').then(all => all.texts.storeAway('12:34:56', 'why'))"))
                    .isEqualTo("12:34:56 기준 상태입니다: why.");
        }
    }

    @Test
    void noPackages_showsHowToBegin() {
        look("/");
        browser.awaitText(".empty", "./statemanager apply -f examples/adas.yaml");
        look("/#/packages/none");
        browser.awaitText(".empty", "Package none is not known");
    }

    @Test
    void namesAndCauses_areNotReadAsMarkup() {
        rig.apply("kind: Package\nmetadata: {name: \"a&amp;b'\\\"\"}\nspec: {models: [{name: m}]}\n");
        rig.client()
                .sendStateChange(ServerRig.change(RESOURCE_TYPE_MODEL, "m", "dead")
                        .setSource("<img src=x onerror=document.title='owned'>")
                        .build());
        look("/#/packages/" + "a%26amp%3Bb'%22");
        browser.awaitText(".title strong", "a&amp;b'\"");
        assertThat(browser.script("return document.title")).isNotEqualTo("owned");
        assertThat(browser.count("main img")).isZero();
    }

    @Test
    void tenThousandPackages_stayFastAndLoadNothingFromOtherHosts() throws Exception {
        for (int block = 0; block < 10; block++) {
            StringBuilder yaml = new StringBuilder();
            for (int i = block * 1_000; i < (block + 1) * 1_000; i++) {
                yaml.append("kind: Package\nmetadata: {name: app-%05d}\nspec: {models: [{name: m-%05d}]}\n---\n"
                        .formatted(i, i));
            }
            rig.apply(yaml.toString());
        }
        for (int i = 0; i < 10_000; i += 7) {
            String state = i % 3 == 0 ? "dead" : i % 5 == 0 ? "paused" : "running";
            rig.client()
                    .sendStateChange(ServerRig.change(RESOURCE_TYPE_MODEL, "m-%05d".formatted(i), state)
                            .build());
        }
        look("/");
        browser.awaitText(".search span", "10,000 packages");
        // Only the visible rows are in the page.
        assertThat(browser.count(".row")).isBetween(5, 60);
        browser.picture("overview-10000");
        browser.script("document.querySelector('.search input').focus()");
        browser.type("app-0999");
        browser.awaitText(".search span", "10 of 10,000");
        browser.awaitCount(".row", 10);
        look("/");
        browser.script("scrollTo(0, 200000)");
        Await.until(SOON, () -> "rows from further down: " + browser.text(".row"), () ->
                (boolean) browser.script("return document.querySelector('.row')?.dataset.index > 1000"));
        Object hosts = browser.script("return [...new Set(performance.getEntriesByType('resource')"
                + ".map(entry => new URL(entry.name).host))].join(' ')");
        assertThat(hosts).isEqualTo("127.0.0.1:" + rig.server.httpPort());
    }
}
