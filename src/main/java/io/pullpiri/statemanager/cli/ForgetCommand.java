// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.pullpiri.statemanager.state.LogText;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code forget} removes a node that does not come back. */
@Command(
        name = "forget",
        description = "Removes a node that does not come back, with its containers. Its models change accordingly.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ForgetCommand implements Callable<Integer> {

    @Mixin
    private ResourceArgument.OneNode node;

    @Option(
            names = "--force",
            description =
                    "even if its last report is younger than 10 minutes, or one of its containers counts as running")
    private boolean force;

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        String name = node.name();
        try (Client client = server.connect()) {
            String done = client.call(channel -> NodeQueries.forget(channel, name, force));
            spec.commandLine().getOut().println(LogText.printable(done));
            return ProgramExitCode.OK;
        }
    }
}
