// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.statemanager.state.LogText;
import java.io.PrintWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jline.utils.AttributedStringBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code watch} prints the states, and then every change when it happens. It reconnects by itself when the server comes
 * back.
 */
@Command(
        name = "watch",
        description = "Shows states and then every change, until Ctrl-C or until the reader closes the pipe.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class WatchCommand implements Callable<Integer> {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    /** A value of the option {@code -o}, spelled as the user types it. */
    enum StreamFormat {
        text,
        json
    }

    @Mixin
    private ResourceArgument.AnyOrAll resource;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "${COMPLETION-CANDIDATES}: json is one object a line (default: text)")
    private StreamFormat format = StreamFormat.text;

    @Option(names = "--recovery", description = "also requests to reconcile dead packages, and faults")
    private boolean recovery;

    @Option(
            names = "--after",
            paramLabel = "ID",
            description = "continue after this event, without the states at first; ids are in the json")
    private @Nullable String after;

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    private @Nullable String last;

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        last = after;
        try (Client client = server.connect()) {
            // Fails at once without a server. The stream alone would stay silent until a change.
            client.reach();
            Thread listener = Thread.ofVirtual().start(() -> closeWhenOutputCloses(client));
            try {
                while (true) {
                    String news = "The server has ended the stream; trying again.";
                    String trouble = client.trouble();
                    if (!trouble.isEmpty()) {
                        err.println(Client.old(trouble) + ". Changes follow when the store works again.");
                    }
                    try {
                        client.follow(request(), 0, this::show);
                    } catch (StatusRuntimeException e) {
                        news = interrupted(client, e.getStatus());
                    }
                    if (isOutputClosed()) {
                        return ProgramExitCode.OK;
                    }
                    err.println(LogText.printable(news));
                    err.flush();
                    TimeUnit.SECONDS.sleep(1);
                }
            } finally {
                listener.interrupt();
            }
        }
    }

    private boolean isOutputClosed() {
        return spec.commandLine().getOut().checkError() || StandardOutput.isClosed();
    }

    /** Closes the client when the reader is gone. Without changes, no write would detect that. */
    private static void closeWhenOutputCloses(Client client) {
        try {
            while (!StandardOutput.isClosed()) {
                TimeUnit.SECONDS.sleep(1);
            }
            client.close();
        } catch (InterruptedException e) {
            // The command has ended.
        }
    }

    /**
     * Returns the message to print before the next attempt.
     *
     * @throws CommandFailure if another attempt cannot succeed
     */
    private String interrupted(Client client, Status status) {
        String why = Client.detail(status);
        return switch (status.getCode()) {
            case UNAVAILABLE, CANCELLED -> "No changes come now (" + why + "); trying again.";
            case OUT_OF_RANGE -> {
                last = null;
                yield "Changes are missing (" + why + "); starting again with the states.";
            }
            default -> throw client.failure(status);
        };
    }

    private StateChangeSubscriptionRequest request() {
        StateChangeSubscriptionRequest.Builder request = StateChangeSubscriptionRequest.newBuilder()
                .setIncludeRecoveryEvents(recovery)
                .setIncludeHealthEvents(recovery);
        ResourceColumns kind = resource.kind();
        if (kind != null) {
            request.setResourceType(kind.type());
        }
        String name = resource.name();
        if (name != null) {
            request.putFilter("name", name);
        }
        if (last != null) {
            request.putFilter("after", last);
        }
        return request.build();
    }

    private boolean show(StateChangeEvent event) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(format == StreamFormat.json ? Output.jsonLine(OutputFields.of(event)) : text(event));
        // Events of the snapshot have no id, but for the last: an interrupted snapshot starts again.
        if (!event.getEventId().isEmpty()) {
            last = event.getEventId();
        }
        return !out.checkError();
    }

    private static String text(StateChangeEvent event) {
        StateChange change = event.getStateChange();
        AttributedStringBuilder line = new AttributedStringBuilder();
        line.append(TIME.format(ResourceColumns.instant(event.getEventTimestampNs())), Styles.FAINT)
                .append("  ");
        if (event.hasStateChange()) {
            line.append(ResourceColumns.of(change.getResourceType()).singular())
                    .append("/")
                    .append(change.getResourceName())
                    .append("  ");
            if (!change.getCurrentState().isEmpty()) {
                line.append(Styles.state(change.getCurrentState())).append(" → ");
            }
            line.append(change.getTargetState().isEmpty() ? "gone" : Styles.state(change.getTargetState()))
                    .append("  ");
        } else if (event.containsMetadata("package")) {
            line.append("package/")
                    .append(event.getMetadataOrThrow("package"))
                    .append("  reconcile ")
                    .append(event.getMetadataOrDefault("step", ""))
                    .append("  ");
        } else {
            line.append("fault  ");
        }
        return Output.shown(line.append(event.getDescription()).toAttributedString());
    }
}
