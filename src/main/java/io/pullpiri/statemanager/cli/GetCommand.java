// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.pullpiri.proto.statemanager.ResourceState;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code get} prints resources with their state, its time and its cause. */
@Command(
        name = "get",
        description = "Shows packages, models or scenarios with their state, its age and its cause, or shows nodes.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class GetCommand implements Callable<Integer> {

    @Mixin
    private ResourceArgument.AllOrOne resource;

    @Option(
            names = "--state",
            paramLabel = "STATE",
            completionCandidates = ResourceArgument.States.class,
            description = "only resources in this state, such as error")
    private @Nullable String state;

    @Mixin
    private OutputFormat format;

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        ResourceColumns kind = resource.kind();
        String name = resource.name();
        if (state != null) {
            kind.requireState(spec, "--state", state);
            if (name != null) {
                throw new ParameterException(
                        spec.commandLine(),
                        "--state: given together with the NAME '" + name + "' (expected: one of them)");
            }
        }
        List<ResourceState> found = server.ask(client ->
                name == null ? client.states(kind, state == null ? "" : state) : List.of(client.state(kind, name)));
        if (format.isTable() && found.isEmpty()) {
            spec.commandLine()
                    .getErr()
                    .println("There are no " + kind.plural()
                            + (state == null ? " yet." : " in the state " + state + "."));
        } else {
            format.print(spec.commandLine().getOut(), () -> table(kind, found), () -> {
                List<Map<String, Object>> all =
                        found.stream().map(OutputFields::of).toList();
                return name == null ? all : all.getFirst();
            });
        }
        return ProgramExitCode.OK;
    }

    private static Table table(ResourceColumns kind, List<ResourceState> found) {
        Instant now = Instant.now();
        Table table = kind.table();
        found.forEach(state -> table.add(kind.row(state, now)));
        return table;
    }
}
