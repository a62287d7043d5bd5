// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.grpc.Channel;
import io.pullpiri.proto.statemanager.v1.PackagesGrpc;
import io.pullpiri.proto.statemanager.v1.ReconcilePackageRequest;
import io.pullpiri.statemanager.state.LogText;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code reconcile} begins again with a dead package. */
@Command(
        name = "reconcile",
        description =
                "Has a dead package reconciled now, also after its models were restarted as often as they may be.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ReconcileCommand implements Callable<Integer> {

    @Mixin
    private ResourceArgument.OnePackage resource;

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        String name = resource.name();
        try (Client client = server.connect()) {
            String done = client.call(channel -> reconcile(channel, name));
            spec.commandLine().getOut().println(LogText.printable(done));
            return ProgramExitCode.OK;
        }
    }

    private static String reconcile(Channel channel, String name) {
        return Client.within(PackagesGrpc.newBlockingStub(channel))
                .reconcilePackage(
                        ReconcilePackageRequest.newBuilder().setName(name).build())
                .getMessage();
    }
}
