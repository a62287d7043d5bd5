// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import static io.pullpiri.proto.statemanager.ResourceType.RESOURCE_TYPE_MODEL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.FakeActionController;
import io.pullpiri.statemanager.testing.ServerRig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The metrics in deploy/ are metrics that a server exposes when something is wrong. */
class DeployTest {

    private static final Pattern ASKED = Pattern.compile("\\b(?:statemanager|jvm|process)_[a-z_]+\\b(?:\\{[^}]*})?");
    private static final Pattern LABEL = Pattern.compile("([a-z]+)=\\\\?\"([A-Za-z]+)\\\\?\"");

    @TempDir
    private Path folder;

    /** Alternatives in a matcher such as {@code limit=~"memory|queue"}. */
    private static final Pattern CHOICE = Pattern.compile("limit=~\"([^\"]+)\"");

    private String figures() throws Exception {
        try (FakeActionController controller = FakeActionController.start(0);
                ServerRig rig = new ServerRig("sqlite:" + folder.resolve("states.db"), controller.address(), Map.of());
                Http http = new Http(rig.server.httpPort())) {
            rig.apply(ServerRig.BRAKING);
            rig.client().sendChangedContainerList(ServerRig.list("running", "running"));
            rig.client().sendChangedContainerList(ServerRig.list("exited:139", "exited:1"));
            rig.client()
                    .sendStateChange(ServerRig.change(RESOURCE_TYPE_MODEL, "brake", "sideways")
                            .build());
            assertThatThrownBy(() -> rig.client().sendChangedContainerList(tooMany()))
                    .hasMessageContaining("expected: at most 4,096");
            Await.until(
                    Duration.ofSeconds(10),
                    () -> "acknowledged",
                    () -> http.get("/metrics")
                            .body()
                            .contains("statemanager_reconcile_steps_total{step=\"acknowledged\"} 1"));
            return http.get("/metrics").body();
        }
    }

    private static ContainerList tooMany() {
        ContainerList.Builder list = ContainerList.newBuilder().setNodeName("ZONE");
        for (int i = 0; i < 4_097; i++) {
            list.addContainers(ContainerInfo.newBuilder().setId("c" + i).addNames("c" + i));
        }
        return list.build();
    }

    private static String sources() throws IOException {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                all.append(Files.readString(file));
            }
        }
        return all.toString();
    }

    @Test
    void everyLimitThatAnAlertNames_isOneOfTheProgram() throws Exception {
        String sources = sources();
        Set<String> named = new TreeSet<>();
        for (Matcher found = CHOICE.matcher(Files.readString(Path.of("deploy/alerts.yaml"))); found.find(); ) {
            named.addAll(Set.of(found.group(1).split("\\|")));
        }
        assertThat(named).contains("memory", "node-list", "queue");
        assertThat(named).allMatch(limit -> sources.contains("\"" + limit + "\""));
    }

    @Test
    void everyMetricUsedInDeploy_exists() throws Exception {
        String figures = figures();
        Set<String> missing = new TreeSet<>();
        int asked = 0;
        for (String file : Set.of("alerts.yaml", "grafana-dashboard.json")) {
            String text = file.endsWith(".json")
                    ? Files.readAllLines(Path.of("deploy", file)).stream()
                            .filter(line -> line.contains("expr"))
                            .collect(Collectors.joining("\n"))
                    : expressions(Files.readString(Path.of("deploy", file)));
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

    /** The expressions of alert rules, which may have several lines. */
    private static String expressions(String yaml) {
        Object file = new Load(LoadSettings.builder().build()).loadFromString(yaml);
        StringBuilder all = new StringBuilder();
        for (Object group : list(file, "groups")) {
            for (Object rule : list(group, "rules")) {
                all.append(((Map<?, ?>) rule).get("expr")).append('\n');
            }
        }
        return all.toString();
    }

    private static List<?> list(Object map, String key) {
        return (List<?>) Objects.requireNonNull(((Map<?, ?>) map).get(key), key);
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
    void metrics_haveTheRightValues() throws Exception {
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
                        "statemanager_cascade_seconds_count 4",
                        "statemanager_reconcile_open 1.0",
                        "statemanager_reconcile_steps_total{step=\"requested\"} 1.0",
                        "statemanager_rejected_inputs_total{reason=\"invalid-state-change\"} 1.0",
                        "statemanager_refusals_total{limit=\"node-list\",reason=\"containers\"} 1.0",
                        "statemanager_nodes_evicted_total 0.0");
    }
}
