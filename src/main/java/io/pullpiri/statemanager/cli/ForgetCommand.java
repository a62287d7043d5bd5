package io.pullpiri.statemanager.cli;

import io.pullpiri.statemanager.state.LogText;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code forget}: a node that is gone for good. */
@Command(
        name = "forget",
        description = "Forgets a node that is gone: its containers are gone, and its models follow.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ForgetCommand implements Callable<Integer> {

    /** To complete the only kind. */
    static final class OnlyNode implements Iterable<String> {

        @Override
        public Iterator<String> iterator() {
            return List.of(ResourceColumns.NODE.singular()).iterator();
        }
    }

    @Parameters(
            index = "0",
            paramLabel = "KIND",
            converter = ResourceColumns.Converter.class,
            completionCandidates = OnlyNode.class,
            description = "node")
    private ResourceColumns kind;

    @Parameters(index = "1", paramLabel = "NAME", description = "which")
    private String name = "";

    @Option(
            names = "--force",
            description =
                    "although its last report is younger than 10 minutes, or one of its containers counts as running")
    private boolean force;

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (kind != ResourceColumns.NODE) {
            throw new ParameterException(
                    spec.commandLine(), "KIND: a " + kind.singular() + " cannot be forgotten (expected: node)");
        }
        try (Client client = server.connect()) {
            String done = client.call(channel -> NodeQueries.forget(channel, name, force));
            spec.commandLine().getOut().println(LogText.printable(done));
            return ProgramExitCode.OK;
        }
    }
}
