// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.pullpiri.proto.statemanager.StateTransitionHistory;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code history} prints the last changes of one resource. */
@Command(
        name = "history",
        description = "Shows the last changes of one package, model or scenario, the newest first.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class HistoryCommand implements Callable<Integer> {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    @Mixin
    private ResourceArgument.OneWithState resource;

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "COUNT",
            defaultValue = "0",
            description = "how many changes at most; 0 is all (default: 0)")
    private int limit;

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
        List<StateTransitionHistory> changes = server.ask(client -> client.history(kind, name, limit));
        format.print(
                spec.commandLine().getOut(),
                () -> table(changes),
                () -> changes.stream()
                        .map(change -> OutputFields.of(kind, name, change))
                        .toList());
        return ProgramExitCode.OK;
    }

    private static Table table(List<StateTransitionHistory> changes) {
        Table table = new Table("TIME", "STATE", "AFTER", "CAUSE", "SOURCE");
        for (StateTransitionHistory change : changes) {
            table.add(
                    TIME.format(ResourceColumns.instant(change.getTimestampNs())),
                    change.getToState().isEmpty() ? "gone" : Styles.state(change.getToState()),
                    change.getFromState().isEmpty() || change.getFromState().equals(change.getToState())
                            ? "-"
                            : ResourceColumns.age(Duration.ofMillis(change.getDurationMs())) + " "
                                    + change.getFromState(),
                    change.getReason(),
                    change.getSource());
        }
        return table;
    }
}
