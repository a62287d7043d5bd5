// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.grpc.Channel;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ApplyResponse;
import io.pullpiri.proto.statemanager.v1.ArtifactResult;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.proto.statemanager.v1.DeleteRequest;
import io.pullpiri.proto.statemanager.v1.DeleteResponse;
import io.pullpiri.statemanager.state.LogText;
import io.pullpiri.statemanager.state.Utf8;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The common part of {@code apply} and {@code delete}: it sends artifacts, one file at a time. */
@Command(mixinStandardHelpOptions = true, sortOptions = false)
abstract class ArtifactCommand implements Callable<Integer> {

    private static final int MAX_MIB = 4;

    private record Input(String name, String yaml) {}

    @Option(
            names = {"-f", "--filename"},
            paramLabel = "FILE",
            arity = "1..*",
            required = true,
            description = "a file with one or more YAML artifacts; - is standard input")
    private List<String> files = List.of();

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    /** The server's answer to one file. */
    record Sent(List<ArtifactResult> results, List<String> warnings) {}

    /** Sends the artifacts of one file. */
    abstract Sent send(Channel channel, String yaml);

    /** Reads all files before it sends any. If the server refuses one file, the others are still sent. */
    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        List<Input> inputs = files.stream().map(ArtifactCommand::read).toList();
        List<String> refused = new ArrayList<>();
        try (Client client = server.connect()) {
            for (Input input : inputs) {
                try {
                    Sent sent = client.call(channel -> send(channel, input.yaml()));
                    sent.results().forEach(result -> out.println(line(result)));
                    sent.warnings()
                            .forEach(warning ->
                                    err.println(LogText.printable("warning: " + input.name() + ": " + warning)));
                } catch (CommandFailure.ServerRefusal e) {
                    refused.add(input.name() + ": " + e.getMessage());
                }
            }
        }
        if (!refused.isEmpty()) {
            throw new CommandFailure(String.join("\nerror: ", refused));
        }
        return ProgramExitCode.OK;
    }

    private static Input read(String file) {
        String name = file.equals("-") ? "standard input" : file;
        try (InputStream in = file.equals("-") ? System.in : Files.newInputStream(Path.of(file))) {
            byte[] bytes = in.readNBytes((MAX_MIB << 20) + 1);
            if (bytes.length > MAX_MIB << 20) {
                throw new CommandFailure(
                        name + ": more than " + MAX_MIB + " MiB (expected: at most " + MAX_MIB + " MiB)");
            }
            return new Input(name, Utf8.decode(bytes));
        } catch (NoSuchFileException e) {
            throw new CommandFailure(name + ": no such file");
        } catch (AccessDeniedException e) {
            throw new CommandFailure(name + ": permission denied");
        } catch (Utf8.MalformedException e) {
            throw new CommandFailure(name + ": " + e.getMessage());
        } catch (IOException | java.nio.file.InvalidPathException e) {
            throw new CommandFailure(name + ": cannot be read: " + e.getMessage());
        }
    }

    private static String line(ArtifactResult result) {
        String outcome = switch (result.getOutcome()) {
            case OUTCOME_CREATED -> "created";
            case OUTCOME_CHANGED -> "changed";
            case OUTCOME_UNCHANGED -> "unchanged";
            case OUTCOME_DELETED -> "deleted";
            case OUTCOME_NOT_FOUND -> "not found";
            case OUTCOME_PASSED_OVER ->
                "passed over: no state depends on a " + result.getKind() + " (only on Scenario, Package and Model)";
            case OUTCOME_UNSPECIFIED, UNRECOGNIZED -> "has an unknown outcome";
        };
        return LogText.printable(result.getKind().toLowerCase(Locale.ROOT) + "/" + result.getName() + " " + outcome);
    }

    /** {@code apply} stores artifacts. */
    @Command(name = "apply", description = "Stores artifacts: scenarios, packages and models.")
    static final class Apply extends ArtifactCommand {

        @Option(
                names = "--strict",
                description = "refuse a file with warnings, such as a misspelled field, and store nothing of it")
        private boolean strict;

        @Override
        Sent send(Channel channel, String yaml) {
            ApplyResponse response = Client.within(ArtifactsGrpc.newBlockingStub(channel))
                    .apply(ApplyRequest.newBuilder()
                            .setYaml(yaml)
                            .setStrict(strict)
                            .build());
            return new Sent(response.getResultsList(), response.getWarningsList());
        }
    }

    /** {@code delete} deletes artifacts. */
    @Command(name = "delete", description = "Deletes the artifacts that the files name.")
    static final class Delete extends ArtifactCommand {

        @Override
        Sent send(Channel channel, String yaml) {
            DeleteResponse response = Client.within(ArtifactsGrpc.newBlockingStub(channel))
                    .delete(DeleteRequest.newBuilder().setYaml(yaml).build());
            return new Sent(response.getResultsList(), List.of());
        }
    }
}
