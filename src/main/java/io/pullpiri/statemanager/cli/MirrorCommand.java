// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.grpc.Channel;
import io.pullpiri.proto.statemanager.v1.AcceptMissingRequest;
import io.pullpiri.proto.statemanager.v1.GetMirrorRequest;
import io.pullpiri.proto.statemanager.v1.GetMirrorResponse;
import io.pullpiri.proto.statemanager.v1.MirrorGrpc;
import io.pullpiri.statemanager.state.LogText;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mirror} shows the mirror of Pullpiri's store, and accepts deletions that it holds back. */
@Command(
        name = "mirror",
        description = {
            "Shows whether our store and Pullpiri's agree, or accepts deletions.",
            "If most artifacts are missing in Pullpiri's store at once, none is deleted until they are accepted."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class MirrorCommand implements Callable<Integer> {

    /** What to do. The names are lower case, as the user writes them. */
    enum Action {
        STATUS,
        ACCEPT;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Parameters(
            paramLabel = "ACTION",
            arity = "0..1",
            description = "one of: ${COMPLETION-CANDIDATES}; accept deletes the artifacts that are missing")
    private Action action = Action.STATUS;

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try (Client client = server.connect()) {
            switch (action) {
                case STATUS -> out.println(LogText.printable(client.call(MirrorCommand::status)));
                case ACCEPT ->
                    client.call(channel -> Client.within(MirrorGrpc.newBlockingStub(channel))
                                    .acceptMissing(AcceptMissingRequest.getDefaultInstance())
                                    .getArtifactsList())
                            .forEach(key -> out.println(LogText.printable(key + " is accepted as deleted")));
            }
            return ProgramExitCode.OK;
        }
    }

    private static String status(Channel channel) {
        GetMirrorResponse mirror =
                Client.within(MirrorGrpc.newBlockingStub(channel)).getMirror(GetMirrorRequest.getDefaultInstance());
        if (!mirror.getEnabled()) {
            return "off: Pullpiri's store is not mirrored";
        }
        return mirror.getTrouble().isEmpty()
                ? "ready: our store and Pullpiri's agree"
                : "degraded for %.0f s: %s".formatted(mirror.getLagSeconds(), mirror.getTrouble());
    }
}
