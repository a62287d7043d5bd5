package io.pullpiri.statemanager.web;

import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.statemanager.Setting;
import io.pullpiri.statemanager.grpc.FakeActionController;
import io.pullpiri.statemanager.grpc.Rig;
import io.pullpiri.statemanager.store.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;

/** The dashboard as people see it, in a real browser, on a real server. Pictures are in {@code target/screenshots}. */
class DashboardTest {

    private static final String LIVE = ".connection.live";

    private static Browser browser;

    @TempDir
    private Path folder;

    private FakeActionController controller;
    private Rig rig;
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

    private Rig open(int port) throws IOException {
        return new Rig(
                "sqlite:" + folder.resolve("states.db"),
                controller.address(),
                Map.of(Setting.HTTP_PORT, Integer.toString(port)));
    }

    @AfterEach
    void stop() {
        rig.close();
        controller.close();
    }

    /** The vehicle of the examples, everything running. */
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
        containers.forEach((model, state) -> list.addContainers(Rig.container(model, state)));
        rig.client().sendChangedContainerList(list.build());
    }

    private void look(String path) {
        List<String> _ = browser.complaints();
        browser.open(rig.server.httpPort(), path);
        browser.awaitCount(LIVE, 1);
    }

    @Test
    void theOverviewShowsEveryPackageAndChangesLive() throws Exception {
        vehicle();
        look("/");
        int packages = rig.server.manager().view().packages().size();
        browser.awaitCount(".row", packages);
        assertThat(browser.text(".search span")).isEqualTo(packages + " packages");
        assertThat(browser.text(".counts [data-state=Running] b")).isEqualTo(Integer.toString(packages));
        report(Map.of("lidar-perception", "exited:139"));
        // Without a reload: the worst comes first, with its cause.
        browser.awaitText(".row", "adas");
        browser.awaitText(".row", "Degraded");
        browser.awaitText(".row .cause", "lidar-perception");
        assertThat(browser.text(".counts [data-state=Degraded] b")).isEqualTo("1");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void thePicturesOfAVehicleInTrouble() throws Exception {
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
        for (Map<String, String> change : story) {
            report(change);
            Thread.sleep(700);
        }
        look("/");
        browser.awaitText(".row .reconcile", "acknowledged");
        browser.picture("overview-light");
        browser.dark(true);
        browser.picture("overview-dark");
        browser.size(390, 844);
        browser.picture("overview-phone");
        look("/#/packages/adas");
        browser.awaitText(".timeline", "emergency-brake");
        browser.picture("package-phone");
        browser.size(1280, 1250);
        look("/#/packages/adas");
        browser.awaitText(".timeline", "emergency-brake");
        browser.awaitText(".graph", "emergency-brake");
        Thread.sleep(500);
        browser.picture("package-dark");
        browser.dark(false);
        Thread.sleep(700);
        browser.picture("package-light");
        assertThat(browser.text(".title")).contains("adas").contains("Error").contains("4 of 4 models dead");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void aPackagesPageTellsWhyAndWhoMendsIt() throws Exception {
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
    void filterAndSearchShowWhatIsAskedFor() throws Exception {
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
        // Down into the list, and to the package, with the keyboard alone.
        browser.type(Keys.ARROW_DOWN);
        browser.enter();
        browser.awaitText(".title", "주차보조");
        // The address holds the filter: it can be sent to somebody.
        look("/#/?state=Degraded");
        browser.awaitText(".search span", "1 of");
        look("/#/?text=nothing-like-that");
        browser.awaitText(".empty", "No package is like that.");
    }

    @Test
    void itReconnectsByItselfAndSaysSo() throws Exception {
        vehicle();
        look("/");
        int port = rig.server.httpPort();
        rig.close();
        browser.awaitText(".connection.away", "no connection, trying again");
        rig = open(port);
        report(Map.of("lidar-perception", "exited:139"));
        browser.awaitCount(LIVE, 1);
        browser.awaitText(".row", "Degraded");
    }

    @Test
    void manyPagesInOneBrowserDoNotStarveEachOther() throws Exception {
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
    void itSpeaksKoreanToKoreans() throws Exception {
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
        }
    }

    @Test
    void withoutPackagesItSaysHowToBegin() {
        look("/");
        browser.awaitText(".empty", "./statemanager apply -f examples/adas.yaml");
        look("/#/packages/none");
        browser.awaitText(".empty", "Package none is not known");
    }

    @Test
    void namesAndCausesAreNeverMarkup() {
        rig.apply("kind: Package\nmetadata: {name: \"a&amp;b'\\\"\"}\nspec: {models: [{name: m}]}\n");
        rig.client()
                .sendStateChange(Rig.change(RESOURCE_TYPE_MODEL, "m", "dead")
                        .setSource("<img src=x onerror=document.title='owned'>")
                        .build());
        look("/#/packages/" + "a%26amp%3Bb'%22");
        browser.awaitText(".title strong", "a&amp;b'\"");
        assertThat(browser.script("return document.title")).isNotEqualTo("owned");
        assertThat(browser.count("main img")).isZero();
    }

    @Test
    void tenThousandPackagesStayFastAndNothingComesFromElsewhere() throws Exception {
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
                    .sendStateChange(Rig.change(RESOURCE_TYPE_MODEL, "m-%05d".formatted(i), state)
                            .build());
        }
        look("/");
        browser.awaitText(".search span", "10,000 packages");
        // Only what is seen is drawn.
        assertThat(browser.count(".row")).isBetween(5, 60);
        browser.picture("overview-10000");
        browser.script("document.querySelector('.search input').focus()");
        browser.type("app-0999");
        browser.awaitText(".search span", "10 of 10,000");
        browser.awaitCount(".row", 10);
        look("/");
        browser.script("scrollTo(0, 200000)");
        Await.until(Duration.ofSeconds(10), () -> "rows from further down: " + browser.text(".row"), () ->
                (boolean) browser.script("return document.querySelector('.row')?.dataset.index > 1000"));
        Object hosts = browser.script("return [...new Set(performance.getEntriesByType('resource')"
                + ".map(entry => new URL(entry.name).host))].join(' ')");
        assertThat(hosts).isEqualTo("127.0.0.1:" + rig.server.httpPort());
    }
}
