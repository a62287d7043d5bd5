package io.pullpiri.statemanager.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.statemanager.cascade.Answer;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.grpc.Rig;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.WatchEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What others wrote, as the dashboard shows it. */
@Tag("browser")
class DashboardNamesTest {

    @TempDir
    private Path folder;

    @Test
    void invisibleCharactersAreEscaped_andOnlyAKnownGoodArtifactIsSaidToBeInForce() throws Exception {
        try (Rig rig = new Rig("sqlite:" + folder.resolve("states.db"), "off", Map.of());
                Browser browser = new Browser("en-US")) {
            rig.apply(Rig.BRAKING);
            rig.client()
                    .sendChangedContainerList(ContainerList.newBuilder()
                            .setNodeName("HPC")
                            .addContainers(Rig.container("brake", "exited:3").toBuilder()
                                    .setNames(0, "brake\u202Emain"))
                            .build());
            browser.size(390, 844); // the causes as a tree, in text
            browser.open(rig.server.httpPort(), "/#/packages/braking");
            browser.awaitText(".tree", "brake\\u{202E}main");
            assertThat(browser.text(".tree")).doesNotContain("\u202E");

            for (String name : List.of("braking", "steering")) {
                // As another component writes into the store.
                WatchEvent broken = new WatchEvent(Keys.artifact("Package", name), "kind: Package", 1_000_000);
                assertThat(rig.server
                                .manager()
                                .submit(new Command.StoreEvents(List.of(broken), false), Duration.ofSeconds(20))
                                .join())
                        .isInstanceOf(Answer.Done.class);
            }
            browser.open(rig.server.httpPort(), "/#/packages/steering");
            browser.awaitText(".warning", "no good one is known: metadata.name: missing");
            browser.open(rig.server.httpPort(), "/#/packages/braking");
            browser.awaitText(".warning", "the last good one is in force: metadata.name: missing");
            assertThat(browser.complaints()).isEmpty();
        }
    }
}
