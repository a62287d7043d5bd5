package io.pullpiri.statemanager.web;

import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.grpc.FakeActionController;
import io.pullpiri.statemanager.grpc.Rig;
import io.pullpiri.statemanager.store.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What deploy/ asks Prometheus for is what a server in trouble really tells. */
class DeployTest {

    private static final Pattern ASKED = Pattern.compile("\\b(?:statemanager|jvm|process)_[a-z_]+\\b(?:\\{[^}]*})?");
    private static final Pattern LABEL = Pattern.compile("([a-z]+)=\\\\?\"([A-Za-z]+)\\\\?\"");

    @TempDir
    private Path folder;

    private String figures() throws Exception {
        try (FakeActionController controller = FakeActionController.start(0);
                Rig rig = new Rig("sqlite:" + folder.resolve("states.db"), controller.address(), Map.of());
                Http http = new Http(rig.server.httpPort())) {
            rig.apply(Rig.BRAKING);
            rig.client().sendChangedContainerList(Rig.list("running", "running"));
            rig.client().sendChangedContainerList(Rig.list("exited:139", "exited:1"));
            rig.client()
                    .sendStateChange(
                            Rig.change(RESOURCE_TYPE_MODEL, "brake", "sideways").build());
            Await.until(
                    Duration.ofSeconds(10),
                    () -> "acknowledged",
                    () -> http.get("/metrics")
                            .body()
                            .contains("statemanager_reconcile_steps_total{step=\"acknowledged\"} 1"));
            return http.get("/metrics").body();
        }
    }

    @Test
    void everyFigureThatIsAskedForIsThere() throws Exception {
        String figures = figures();
        Set<String> missing = new TreeSet<>();
        int asked = 0;
        for (String file : Set.of("alerts.yaml", "grafana-dashboard.json")) {
            String text = Files.readAllLines(Path.of("deploy", file)).stream()
                    .filter(line -> line.contains("expr"))
                    .collect(Collectors.joining("\n"));
            for (Matcher found = ASKED.matcher(text); found.find(); asked++) {
                String name = found.group().replaceAll("\\{.*", "");
                boolean there = figures.lines()
                        .filter(line -> line.matches(Pattern.quote(name) + "[ {].*"))
                        .anyMatch(line -> hasLabels(line, found.group()));
                if (!there) {
                    missing.add(file + ": " + found.group());
                }
            }
        }
        assertThat(asked).isGreaterThan(25);
        assertThat(missing).isEmpty();
    }

    private static boolean hasLabels(String line, String asked) {
        for (Matcher label = LABEL.matcher(asked); label.find(); ) {
            if (!line.contains(label.group(1) + "=\"" + label.group(2) + "\"")) {
                return false;
            }
        }
        return true;
    }

    @Test
    void theFiguresAreRight() throws Exception {
        assertThat(figures().lines())
                .contains(
                        "statemanager_ready 1.0",
                        "statemanager_queue_commands 0.0",
                        "statemanager_resources{kind=\"package\",state=\"Error\"} 1.0",
                        "statemanager_resources{kind=\"package\",state=\"Running\"} 0.0",
                        "statemanager_resources{kind=\"model\",state=\"Dead\"} 2.0",
                        "statemanager_transitions_total{kind=\"package\",to=\"Idle\"} 1.0",
                        "statemanager_transitions_total{kind=\"package\",to=\"Running\"} 1.0",
                        "statemanager_transitions_total{kind=\"package\",to=\"Error\"} 1.0",
                        "statemanager_cascade_seconds_count 3",
                        "statemanager_reconcile_open 1.0",
                        "statemanager_reconcile_steps_total{step=\"requested\"} 1.0",
                        "statemanager_rejected_inputs_total{reason=\"invalid-state-change\"} 1.0");
    }
}
