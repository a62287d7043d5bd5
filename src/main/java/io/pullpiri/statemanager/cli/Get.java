package io.pullpiri.statemanager.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ListResourcesByStateResponse;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceStateRequest;
import io.pullpiri.proto.statemanager.ResourceStateResponse;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code get}: what is in which state, since when and why. */
@Command(
        name = "get",
        description = "Shows packages, models or scenarios: state, since when, and why.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class Get implements Callable<Integer> {

    /** How the answer is written. */
    enum Format {
        table,
        json,
        yaml
    }

    @Parameters(
            index = "0",
            paramLabel = "KIND",
            converter = Kind.Converter.class,
            description = "packages, models or scenarios")
    private Kind kind;

    @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "only this one")
    private @Nullable String name;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "${COMPLETION-CANDIDATES} (default: table)")
    private Format format = Format.table;

    @Mixin
    private Client.Server server;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<ResourceState> found;
        try (Client client = server.connect()) {
            found = name == null ? all(client) : List.of(one(client, name));
        }
        PrintWriter out = spec.commandLine().getOut();
        if (format == Format.table) {
            Instant now = Instant.now();
            Table table = kind.table();
            found.forEach(state -> table.add(kind.row(state, now)));
            boolean colours = Ansi.AUTO.enabled();
            if (found.isEmpty()) {
                spec.commandLine().getErr().println("There are no " + kind.plural() + " yet.");
            } else {
                table.lines().forEach(line -> out.println(colours ? line.toAnsi() : line.toString()));
            }
        } else {
            List<Map<String, Object>> shown = found.stream().map(kind::fields).toList();
            Object value = name == null ? shown : shown.getFirst();
            out.print(format == Format.json ? json(value) : yaml(value));
            out.flush();
        }
        return ExitCode.OK;
    }

    private List<ResourceState> all(Client client) {
        ListResourcesByStateResponse response =
                client.call(channel -> Client.within(StateManagerConnectionGrpc.newBlockingStub(channel))
                        .listResourcesByState(ListResourcesByStateRequest.newBuilder()
                                .setResourceType(kind.type())
                                .build()));
        if (!response.getSuccess()) {
            throw new CommandFailure(response.getMessage());
        }
        return response.getResourcesList();
    }

    private ResourceState one(Client client, String wanted) {
        ResourceStateResponse response =
                client.call(channel -> Client.within(StateManagerConnectionGrpc.newBlockingStub(channel))
                        .getResourceState(ResourceStateRequest.newBuilder()
                                .setResourceType(kind.type())
                                .setResourceName(wanted)
                                .build()));
        if (!response.getSuccess()) {
            throw new CommandFailure(response.getMessage());
        }
        return response.getResourceState();
    }

    private static String json(Object value) {
        try {
            return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(value) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String yaml(Object value) {
        DumpSettings settings =
                DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build();
        return new Dump(settings).dumpToString(value);
    }
}
