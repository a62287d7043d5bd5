// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.pullpiri.proto.statemanager.ResourceState;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code describe} prints the chain of causes as a tree, from a package down to its containers. */
@Command(
        name = "describe",
        description = "Shows a package, model, scenario or node as a tree, with everything that gives its state.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class DescribeCommand implements Callable<Integer> {

    private static final String CONTAINER = "container.";

    @Mixin
    private ResourceArgument.One resource;

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    /** A line and the lines below it. */
    private record TreeNode(AttributedString line, List<TreeNode> below) {}

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        print(
                out,
                server.ask(client -> node(client, client.state(resource.kind(), resource.name()), Instant.now(), null)),
                "",
                "");
        out.flush();
        return ProgramExitCode.OK;
    }

    /** @param above the parent in the tree, which is not shown again below; null at the top */
    private static TreeNode node(Client client, ResourceState state, Instant now, @Nullable ResourceState above) {
        Map<String, String> metadata = new TreeMap<>(state.getMetadataMap());
        List<TreeNode> below = new ArrayList<>();
        ResourceColumns kind = ResourceColumns.of(state.getResourceType());
        boolean lastGood = metadata.containsKey("artifact.last-good");
        note(
                below,
                "artifact broken, " + (lastGood ? "the last good one is in force: " : "no good one is known: "),
                metadata.get("artifact.broken"));
        note(below, "warning: ", metadata.get("warning"));
        switch (kind) {
            case PACKAGE -> {
                note(below, "reconcile: ", metadata.get("reconcile"));
                for (String scenario : ResourceColumns.list(metadata.get("scenarios"))) {
                    if (above == null || !scenario.equals(above.getResourceName())) {
                        below.add(node(client, ResourceColumns.SCENARIO, scenario, now, state));
                    }
                }
                for (String model : ResourceColumns.list(metadata.get("model.names"))) {
                    below.add(node(client, ResourceColumns.MODEL, model, now, state));
                }
            }
            case MODEL -> {
                if (above == null) {
                    List<String> packages = ResourceColumns.list(metadata.get("packages"));
                    String users =
                            packages.isEmpty() ? "used by no package" : "used by: " + String.join(", ", packages);
                    below.add(new TreeNode(new AttributedString(users), List.of()));
                }
                metadata.forEach((key, value) -> {
                    if (key.startsWith(CONTAINER)) {
                        below.add(new TreeNode(
                                new AttributedString("container " + key.substring(CONTAINER.length()) + ": " + value),
                                List.of()));
                    }
                });
            }
            case NODE ->
                metadata.forEach((key, value) -> {
                    if (key.startsWith(CONTAINER)) {
                        below.add(new TreeNode(
                                new AttributedString("container " + key.substring(CONTAINER.length()) + ": " + value),
                                List.of()));
                    }
                });
            case SCENARIO -> {
                String target = metadata.getOrDefault("target", "");
                if (above == null && !target.isEmpty()) {
                    below.add(node(client, ResourceColumns.PACKAGE, target, now, state));
                }
            }
        }
        return new TreeNode(line(kind, state, now), below);
    }

    private static TreeNode node(Client client, ResourceColumns kind, String name, Instant now, ResourceState above) {
        return client.find(kind, name)
                .map(state -> node(client, state, now, above))
                .orElseGet(() -> new TreeNode(
                        new AttributedString(kind.singular() + "/" + name + "  does not exist"), List.of()));
    }

    private static void note(List<TreeNode> below, String title, @Nullable String text) {
        if (text != null && !text.isEmpty()) {
            below.add(new TreeNode(new AttributedString(title + text, Styles.BOLD), List.of()));
        }
    }

    private static AttributedString line(ResourceColumns kind, ResourceState state, Instant now) {
        if (kind == ResourceColumns.NODE) {
            return nodeLine(state, now);
        }
        AttributedStringBuilder line = new AttributedStringBuilder()
                .append(kind.singular(), Styles.FAINT)
                .append("/", Styles.FAINT)
                .append(state.getResourceName(), Styles.BOLD)
                .append("  ")
                .append(
                        state.getCurrentState().isEmpty()
                                ? new AttributedString("no state yet", Styles.FAINT)
                                : Styles.state(state.getCurrentState()));
        if (state.getLastTransitionTimeNs() != 0) {
            line.append("  ")
                    .append(ResourceColumns.age(
                            Duration.between(ResourceColumns.instant(state.getLastTransitionTimeNs()), now)));
        }
        String cause = state.getMetadataOrDefault("cause", "");
        return (cause.isEmpty() ? line : line.append("  ").append(cause)).toAttributedString();
    }

    private static AttributedString nodeLine(ResourceState state, Instant now) {
        Map<String, String> metadata = state.getMetadataMap();
        String report = state.getLastTransitionTimeNs() == 0
                ? "last report unknown"
                : "last report "
                        + ResourceColumns.age(
                                Duration.between(ResourceColumns.instant(state.getLastTransitionTimeNs()), now))
                        + " ago";
        return new AttributedStringBuilder()
                .append("node/", Styles.FAINT)
                .append(state.getResourceName(), Styles.BOLD)
                .append("  " + report + ", " + metadata.get("containers") + " containers, " + metadata.get("unmatched")
                        + " unmatched")
                .append("true".equals(metadata.get("known")) ? "" : ", never named a model of a package")
                .toAttributedString();
    }

    private static void print(PrintWriter out, TreeNode node, String first, String rest) {
        out.println(first + Output.shown(node.line()));
        for (int i = 0; i < node.below().size(); i++) {
            boolean last = i == node.below().size() - 1;
            print(out, node.below().get(i), rest + (last ? "└─ " : "├─ "), rest + (last ? "   " : "│  "));
        }
    }
}
