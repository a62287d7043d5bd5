package io.pullpiri.statemanager.cli;

import io.pullpiri.proto.statemanager.ResourceState;
import java.io.PrintWriter;
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
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code get}: what is in which state, since when and why. */
@Command(
        name = "get",
        description = "Shows packages, models or scenarios: state, since when, and why; or nodes.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class GetCommand implements Callable<Integer> {

    /** How the answer is written. */
    enum OutputFormat {
        table,
        json,
        yaml
    }

    @Parameters(
            index = "0",
            paramLabel = "KIND",
            converter = ResourceColumns.Converter.class,
            completionCandidates = ResourceColumns.Plurals.class,
            description = "packages, models, scenarios or nodes")
    private ResourceColumns kind;

    @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "only this one")
    private @Nullable String name;

    @Option(
            names = "--state",
            paramLabel = "STATE",
            completionCandidates = ResourceColumns.States.class,
            description = "only those in this state, such as error")
    private @Nullable String state;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "${COMPLETION-CANDIDATES} (default: table)")
    private OutputFormat format = OutputFormat.table;

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (state != null) {
            kind.requireState(spec, "--state", state);
            if (name != null) {
                throw new ParameterException(
                        spec.commandLine(), "--state: stands beside the NAME '" + name + "' (expected: one of them)");
            }
        }
        List<ResourceState> found = server.ask(client ->
                name == null ? client.states(kind, state == null ? "" : state) : List.of(client.state(kind, name)));
        PrintWriter out = spec.commandLine().getOut();
        if (format == OutputFormat.table) {
            Instant now = Instant.now();
            Table table = kind.table();
            found.forEach(state -> table.add(kind.row(state, now)));
            if (found.isEmpty()) {
                spec.commandLine()
                        .getErr()
                        .println("There are no " + kind.plural()
                                + (state == null ? " yet." : " in the state " + state + "."));
            } else {
                table.lines().forEach(line -> out.println(Output.shown(line)));
            }
        } else {
            List<Map<String, Object>> shown =
                    found.stream().map(OutputFields::of).toList();
            Object value = name == null ? shown : shown.getFirst();
            out.print(format == OutputFormat.json ? Output.json(value) : Output.yaml(value));
            out.flush();
        }
        return ProgramExitCode.OK;
    }
}
