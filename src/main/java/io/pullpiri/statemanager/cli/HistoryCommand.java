package io.pullpiri.statemanager.cli;

import io.pullpiri.proto.statemanager.StateTransitionHistory;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code history}: the last changes of one resource. */
@Command(
        name = "history",
        description = "Shows the last changes of one package, model or scenario, the newest first.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class HistoryCommand implements Callable<Integer> {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    @Parameters(
            index = "0",
            paramLabel = "KIND",
            converter = ResourceColumns.Converter.class,
            completionCandidates = ResourceColumns.WithStates.class,
            description = "package, model or scenario")
    private ResourceColumns kind;

    @Parameters(index = "1", paramLabel = "NAME", description = "whose")
    private String name = "";

    @Option(
            names = {"-n", "--limit"},
            paramLabel = "COUNT",
            defaultValue = "0",
            description = "at most so many; 0 is all (default: 0)")
    private int limit;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "${COMPLETION-CANDIDATES} (default: table)")
    private GetCommand.OutputFormat format = GetCommand.OutputFormat.table;

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        kind.requireStates(spec);
        List<StateTransitionHistory> changes = server.ask(client -> client.history(kind, name, limit));
        PrintWriter out = spec.commandLine().getOut();
        if (format == GetCommand.OutputFormat.table) {
            Table table = new Table("TIME", "STATE", "AFTER", "CAUSE", "SOURCE");
            for (StateTransitionHistory change : changes) {
                table.add(
                        TIME.format(ResourceColumns.instant(change.getTimestampNs())),
                        change.getToState().isEmpty() ? "gone" : Styles.state(change.getToState()),
                        change.getFromState().isEmpty()
                                ? "-"
                                : ResourceColumns.age(Duration.ofMillis(change.getDurationMs())) + " "
                                        + change.getFromState(),
                        change.getReason(),
                        change.getSource());
            }
            table.lines().forEach(line -> out.println(Output.shown(line)));
        } else {
            List<Map<String, Object>> all = changes.stream()
                    .map(change -> OutputFields.of(kind, name, change))
                    .toList();
            out.print(format == GetCommand.OutputFormat.json ? Output.json(all) : Output.yaml(all));
        }
        out.flush();
        return ProgramExitCode.OK;
    }
}
