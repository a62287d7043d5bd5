// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli.demo;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.StateManager;
import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.artifact.PackageArtifact;
import io.pullpiri.statemanager.cli.Client;
import io.pullpiri.statemanager.cli.Output;
import io.pullpiri.statemanager.cli.ResourceColumns;
import io.pullpiri.statemanager.cli.Styles;
import io.pullpiri.statemanager.cli.Table;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jspecify.annotations.Nullable;

/**
 * The demo's two nodes, its operator and its observer. All of them use the server over gRPC only. For one thread.
 */
final class DemoVehicle implements DemoScript.Vehicle, AutoCloseable {

    static final String ABOUT =
            "two simulated nodes, a simulated ActionController, a real server on a store of its own";
    private static final int REPAIR_SECONDS = 1;

    private record DemoEvent(double second, AttributedString text) {

        DemoEvent {
            text = Output.printable(text);
        }

        AttributedString line() {
            AttributedStringBuilder line = new AttributedStringBuilder();
            line.styled(Styles.FAINT, "%6.1f s  ".formatted(second));
            return line.append(text).toAttributedString();
        }
    }

    private final String dashboard;
    private final long start;
    private final double seconds;
    private final SimulatedActionController controller;
    private final ManagedChannel channel;
    private final Map<String, SimulatedNode> nodes = new LinkedHashMap<>();
    private final Map<String, PackageArtifact> packages = new LinkedHashMap<>();
    private final Map<String, ResourceState> known = new HashMap<>();
    private final List<DemoEvent> events = new ArrayList<>();
    private final DemoScript script;
    private List<ResourceState> states = List.of();
    private int printed;
    private int accepted;
    private int refused;
    private double reportedAt;

    /**
     * Connects to a server.
     *
     * @param start the start of the demo, in {@link System#nanoTime}
     */
    DemoVehicle(StateManager server, SimulatedActionController controller, Duration duration, long start) {
        this.dashboard = "http://127.0.0.1:" + server.httpPort() + "/";
        this.start = start;
        this.seconds = duration.toMillis() / 1000.0;
        this.controller = controller;
        this.channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
        for (String name : List.of("HPC", "ZONE")) {
            nodes.put(name, new SimulatedNode(name, channel));
        }
        this.script = new DemoScript(this);
    }

    /** Does everything that is due now. Returns false when the demo is over. */
    boolean advance() {
        double now = now();
        script.runUpTo(now * DemoScript.SECONDS / seconds);
        if (now - reportedAt >= 1) {
            reportedAt = now;
            nodes.values().forEach(SimulatedNode::report);
        }
        readStates();
        reactToRequests();
        readStates();
        return now < seconds;
    }

    private double now() {
        return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public void install(String file) {
        String yaml;
        try (InputStream in = DemoVehicle.class.getResourceAsStream("/examples/" + file)) {
            yaml = new String(Objects.requireNonNull(in, file).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var _ = Client.within(ArtifactsGrpc.newBlockingStub(channel))
                .apply(ApplyRequest.newBuilder().setYaml(yaml).build());
        try {
            ArtifactParser.parseAll(yaml).forEach(artifact -> {
                if (artifact instanceof PackageArtifact it) {
                    packages.put(it.name(), it);
                }
            });
        } catch (BrokenArtifactException e) {
            throw new IllegalStateException(file, e);
        }
    }

    @Override
    public void containers(String status, int exitCode, List<String> models) {
        Map<String, List<String>> byNode = new LinkedHashMap<>();
        for (String model : models) {
            byNode.computeIfAbsent(nodeOf(model), any -> new ArrayList<>()).add(model);
        }
        byNode.forEach(
                (node, names) -> Objects.requireNonNull(nodes.get(node), node).set(status, exitCode, names));
        readStates();
    }

    private String nodeOf(String model) {
        return packages.values().stream()
                .flatMap(it -> it.models().stream())
                .filter(it -> it.name().equals(model))
                .map(PackageArtifact.ModelRef::node)
                .findFirst()
                .orElseThrow();
    }

    @Override
    public void show(String actor, String what) {
        events.add(new DemoEvent(now(), new AttributedString(actor + ": " + what)));
    }

    /** Reads all packages, and adds an event for each change. */
    private void readStates() {
        states = Client.within(StateManagerConnectionGrpc.newBlockingStub(channel))
                .listResourcesByState(ListResourcesByStateRequest.newBuilder()
                        .setResourceType(ResourceType.RESOURCE_TYPE_PACKAGE)
                        .build())
                .getResourcesList();
        for (ResourceState state : states) {
            ResourceState before = known.put(state.getResourceName(), state);
            if (before == null || before.getStateGeneration() != state.getStateGeneration()) {
                events.add(new DemoEvent(now(), change(before, state)));
            }
        }
    }

    private static AttributedString change(@Nullable ResourceState before, ResourceState now) {
        AttributedStringBuilder line = new AttributedStringBuilder();
        line.append("  ").styled(Styles.BOLD, now.getResourceName()).append("  ");
        if (before != null) {
            line.append(Styles.state(before.getCurrentState())).append(" → ");
        }
        line.append(Styles.state(now.getCurrentState()));
        return line.styled(Styles.FAINT, "  " + now.getMetadataOrDefault("cause", ""))
                .toAttributedString();
    }

    /** Reacts to the requests to ActionController: some time later, the package's containers run again. */
    private void reactToRequests() {
        SimulatedActionController.ReconcileCall request;
        while ((request = controller.requests().poll()) != null) {
            String scenario = request.scenario();
            if (!request.accepted()) {
                refused++;
                show("ActionController", "gets a request to reconcile " + scenario + ", and refuses it");
                continue;
            }
            accepted++;
            show("ActionController", "gets a request to reconcile " + scenario + ", and accepts it");
            // In the examples a scenario has the name of its package.
            List<String> models = Objects.requireNonNull(packages.get(scenario), scenario).models().stream()
                    .map(PackageArtifact.ModelRef::name)
                    .toList();
            script.add((now() + REPAIR_SECONDS) * DemoScript.SECONDS / seconds, () -> containers("running", 0, models));
        }
    }

    /** Returns the lines that were added since the last call. */
    List<String> newLines() {
        List<String> newLines = events.subList(printed, events.size()).stream()
                .map(event -> event.line().toString())
                .toList();
        printed = events.size();
        return newLines;
    }

    /** Returns the address of the dashboard. */
    String dashboard() {
        return dashboard;
    }

    /** Returns the picture for a terminal with so many rows. */
    List<AttributedString> picture(int rows) {
        List<AttributedString> lines = new ArrayList<>();
        int containers = nodes.values().stream().mapToInt(SimulatedNode::size).sum();
        lines.add(new AttributedString("StateManager · " + dashboard, Styles.BOLD));
        lines.add(new AttributedString(
                "%.0f s of %.0f s · %d packages · %d containers on %d nodes · %s"
                        .formatted(Math.min(now(), seconds), seconds, states.size(), containers, nodes.size(), ABOUT),
                Styles.FAINT));
        lines.add(AttributedString.EMPTY);
        lines.addAll(table());
        lines.add(AttributedString.EMPTY);
        int room = Math.max(0, rows - lines.size() - 6);
        events.subList(Math.max(0, events.size() - room), events.size()).forEach(event -> lines.add(event.line()));
        return lines;
    }

    /** Returns the table of packages. */
    List<AttributedString> table() {
        Table table = ResourceColumns.PACKAGE.table();
        Instant now = Instant.now();
        states.forEach(state -> table.add(ResourceColumns.PACKAGE.row(state, now)));
        return table.lines();
    }

    /** Returns the last lines of the demo. */
    List<String> summary() {
        long changes = known.values().stream()
                .mapToLong(ResourceState::getStateGeneration)
                .sum();
        long[] answers = nodes.values().stream()
                .flatMap(node -> node.answersNanos().stream())
                .mapToLong(Long::longValue)
                .sorted()
                .toArray();
        return Stream.of(
                        "",
                        "%d changes of %d packages. ActionController accepted %d requests and refused %d."
                                .formatted(changes, known.size(), accepted, refused),
                        answers.length == 0
                                ? ""
                                : "Time from a container's change to the durable state of its package: %.1f ms (median of %d reports)."
                                        .formatted(answers[answers.length / 2] / 1e6, answers.length))
                .toList();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
