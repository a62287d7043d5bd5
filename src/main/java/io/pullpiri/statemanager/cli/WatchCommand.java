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

/** {@code watch}: what is, and then every change as it happens. Goes on by itself when the server comes back. */
@Command(
        name = "watch",
        description = "Shows states and then every change, until Ctrl-C or until nobody reads it any more.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class WatchCommand implements Callable<Integer> {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    /** How a change is written. */
    enum StreamFormat {
        text,
        json
    }

    @Mixin
    private ResourceArgument.Filter resource;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "${COMPLETION-CANDIDATES}: json is one object a line (default: text)")
    private StreamFormat format = StreamFormat.text;

    @Option(names = "--recovery", description = "also what is done about dead packages, and faults")
    private boolean recovery;

    @Option(
            names = "--after",
            paramLabel = "ID",
            description = "go on after this event rather than begin with what is; ids are in the json")
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
            // Whether there is a server at all: the stream says nothing as long as there is nothing to say.
            client.reach();
            Thread listener = Thread.ofVirtual().start(() -> hangUpWhenUnread(client));
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
                    if (isUnread()) {
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

    private boolean isUnread() {
        return spec.commandLine().getOut().checkError() || StandardOutput.isClosed();
    }

    /** As long as nothing changes nothing is written, and so nothing else would notice. */
    private static void hangUpWhenUnread(Client client) {
        try {
            while (!StandardOutput.isClosed()) {
                TimeUnit.SECONDS.sleep(1);
            }
            client.close();
        } catch (InterruptedException e) {
            // It has ended by itself.
        }
    }

    /** What to say before it goes on; throws where it cannot. */
    private String interrupted(Client client, Status status) {
        String why = Client.detail(status);
        return switch (status.getCode()) {
            case UNAVAILABLE, CANCELLED -> "No changes come now (" + why + "); trying again.";
            case OUT_OF_RANGE -> {
                last = null;
                yield "Changes are missing (" + why + "); beginning anew.";
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
        // Within what is at first no event has an id: whoever is cut off there begins anew.
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
