// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.statemanager.state.LogText;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code wait} blocks until a resource is in a state, for scripts. */
@Command(
        name = "wait",
        description = "Waits until a package, model or scenario is in a state. It need not exist yet.",
        footer = {"", "The exit code is 0 when the resource is in the state, and 3 when the time is over."},
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class WaitCommand implements Callable<Integer> {

    @Mixin
    private ResourceArgument.OneWithState resource;

    @Option(
            names = "--for",
            paramLabel = "STATE",
            required = true,
            completionCandidates = ResourceArgument.States.class,
            description = "the state to wait for, such as running")
    private String wanted = "";

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = DurationConverter.class,
            defaultValue = "30s",
            description = "how long to wait (default: 30s)")
    private Duration timeout = Duration.ofSeconds(30);

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    private String state = "";

    @Override
    public Integer call() {
        ResourceColumns kind = resource.kind();
        kind.requireState(spec, "--for", wanted);
        StateChangeSubscriptionRequest request = StateChangeSubscriptionRequest.newBuilder()
                .setResourceType(kind.type())
                .putFilter("name", resource.name())
                .build();
        try (Client client = server.connect()) {
            String trouble = client.trouble();
            try {
                client.follow(request, timeout.toMillis(), event -> {
                    state = LogText.printable(event.getStateChange().getTargetState());
                    return !kind.isSameState(wanted, state);
                });
            } catch (StatusRuntimeException e) {
                return failed(client, e.getStatus());
            }
            if (!trouble.isEmpty()) {
                spec.commandLine().getErr().println(Client.old(trouble));
            }
            spec.commandLine().getOut().println(resource.title() + " is " + state);
            return ProgramExitCode.OK;
        }
    }

    private int failed(Client client, Status status) {
        if (status.getCode() != Status.Code.DEADLINE_EXCEEDED) {
            throw client.failure(status);
        }
        boolean old = !client.trouble().isEmpty();
        String found = state.isEmpty() ? (old ? "is not known" : "has no state") : (old ? "was " : "is ") + state;
        String waited = timeout.toMillis() % 1000 == 0 ? timeout.toSeconds() + " s" : timeout.toMillis() + " ms";
        spec.commandLine()
                .getErr()
                .println("error: %s %s after %s%s (expected: %s)"
                        .formatted(
                                resource.title(),
                                found,
                                waited,
                                old ? ", while the store is unavailable" : "",
                                wanted));
        return ProgramExitCode.TIMED_OUT;
    }
}
