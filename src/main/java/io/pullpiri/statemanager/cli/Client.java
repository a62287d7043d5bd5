// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ListResourcesByStateResponse;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceStateHistoryRequest;
import io.pullpiri.proto.statemanager.ResourceStateHistoryResponse;
import io.pullpiri.proto.statemanager.ResourceStateRequest;
import io.pullpiri.proto.statemanager.ResourceStateResponse;
import io.pullpiri.proto.statemanager.StateChangeEvent;
import io.pullpiri.proto.statemanager.StateChangeSubscriptionRequest;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc.StateManagerConnectionBlockingStub;
import io.pullpiri.proto.statemanager.StateTransitionHistory;
import io.pullpiri.statemanager.net.Endpoint;
import io.pullpiri.statemanager.state.LogText;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The connection of one command to a server. */
public final class Client implements AutoCloseable {

    /** The option {@code --server}. */
    static final class Server {

        private static final String OPTION = "--server";
        private static final String VARIABLE = "STATEMANAGER_SERVER";

        @Option(
                names = OPTION,
                paramLabel = "HOST:PORT",
                defaultValue = "${env:" + VARIABLE + ":-127.0.0.1:47006}",
                description = "address of the server (default: " + VARIABLE + ", or 127.0.0.1:47006)")
        private String address = "";

        @Spec(Spec.Target.MIXEE)
        private CommandSpec command;

        /** @throws ParameterException if the address is none */
        Client connect() {
            if (Endpoint.parse(address).isEmpty()) {
                CommandLine line = command.commandLine();
                throw new ParameterException(
                        line,
                        (line.getParseResult().hasMatchedOption(OPTION) ? OPTION : VARIABLE) + ": '" + address
                                + "' (expected: " + Endpoint.EXPECTED + ")");
            }
            return new Client(address);
        }

        /** Runs a query, and prints a note on standard error if the server cannot use its store. */
        <T> T ask(Function<Client, T> query) {
            try (Client client = connect()) {
                String trouble = client.trouble();
                T answer = query.apply(client);
                if (!trouble.isEmpty()) {
                    command.commandLine().getErr().println(old(trouble));
                }
                return answer;
            }
        }
    }

    /** A response header of the health service that says why the server is not ready, in UTF-8. */
    private static final Metadata.Key<byte[]> TROUBLE =
            Metadata.Key.of("statemanager-trouble-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private static final long SECONDS = 10;

    /** A list of 100,000 models has some 30 MB. */
    private static final int MAX_ANSWER = 256 << 20;

    private final String address;
    private final ManagedChannel channel;

    private Client(String address) {
        this.address = address;
        this.channel = NettyChannelBuilder.forTarget("dns:///" + Endpoint.targetPath(address))
                .usePlaintext()
                .maxInboundMessageSize(MAX_ANSWER)
                .build();
    }

    /**
     * Runs one call, within 10 seconds.
     *
     * @throws CommandFailure with the server's reason, or if there is no server
     */
    <T> T call(Function<Channel, T> call) {
        try {
            return call.apply(channel);
        } catch (StatusRuntimeException e) {
            throw failure(e.getStatus());
        }
    }

    /**
     * Returns the resources of a kind.
     *
     * @param state only resources in this state, in any spelling; empty for all
     */
    List<ResourceState> states(ResourceColumns kind, String state) {
        if (kind == ResourceColumns.NODE) {
            return call(NodeQueries::all);
        }
        ListResourcesByStateResponse response =
                call(channel -> within(StateManagerConnectionGrpc.newBlockingStub(channel))
                        .listResourcesByState(ListResourcesByStateRequest.newBuilder()
                                .setResourceType(kind.type())
                                .setState(state)
                                .build()));
        if (!response.getSuccess()) {
            throw new CommandFailure(response.getMessage());
        }
        return response.getResourcesList();
    }

    /**
     * Checks that there is a server, in any condition.
     *
     * @throws CommandFailure if there is none
     */
    void reach() {
        HealthCheckResponse _ = call(
                channel -> within(HealthGrpc.newBlockingStub(channel)).check(HealthCheckRequest.getDefaultInstance()));
    }

    /** Returns the note for an answer that may be outdated. */
    static String old(String trouble) {
        return "These are the last known states: " + trouble;
    }

    /**
     * Returns why the server cannot use its store, so that its answers may be outdated. The text is empty if the store works,
     * or if the server does not answer in time. Call this before the query: an outdated answer does not become current
     * when the store comes back.
     */
    String trouble() {
        AtomicReference<Metadata> headers = new AtomicReference<>();
        try {
            HealthCheckResponse health = HealthGrpc.newBlockingStub(channel)
                    .withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()))
                    .withDeadlineAfter(1, TimeUnit.SECONDS)
                    .check(HealthCheckRequest.getDefaultInstance());
            if (health.getStatus() != HealthCheckResponse.ServingStatus.NOT_SERVING) {
                return "";
            }
        } catch (StatusRuntimeException e) {
            return ""; // the query that follows fails as well, with the reason
        }
        byte @Nullable [] trouble = headers.get() == null ? null : headers.get().get(TROUBLE);
        return trouble == null
                ? "the store is unavailable"
                : LogText.printable(new String(trouble, StandardCharsets.UTF_8));
    }

    /**
     * Returns a resource.
     *
     * @throws CommandFailure also if it does not exist
     */
    ResourceState state(ResourceColumns kind, String name) {
        if (kind == ResourceColumns.NODE) {
            return call(channel -> NodeQueries.one(channel, name));
        }
        ResourceStateResponse response = ask(kind, name);
        if (!response.getSuccess()) {
            throw new CommandFailure(response.getMessage());
        }
        return response.getResourceState();
    }

    /** Returns a resource, or nothing if it does not exist. */
    Optional<ResourceState> find(ResourceColumns kind, String name) {
        ResourceStateResponse response = ask(kind, name);
        return response.getSuccess() ? Optional.of(response.getResourceState()) : Optional.empty();
    }

    private ResourceStateResponse ask(ResourceColumns kind, String name) {
        return call(channel -> within(StateManagerConnectionGrpc.newBlockingStub(channel))
                .getResourceState(ResourceStateRequest.newBuilder()
                        .setResourceType(kind.type())
                        .setResourceName(name)
                        .build()));
    }

    /** Returns the changes of a resource, the newest first. */
    List<StateTransitionHistory> history(ResourceColumns kind, String name, int limit) {
        ResourceStateHistoryResponse response =
                call(channel -> within(StateManagerConnectionGrpc.newBlockingStub(channel))
                        .getResourceStateHistory(ResourceStateHistoryRequest.newBuilder()
                                .setResourceType(kind.type())
                                .setResourceName(name)
                                .setLimit(limit)
                                .build()));
        if (!response.getSuccess()) {
            throw new CommandFailure(response.getMessage());
        }
        return response.getHistoryList();
    }

    /**
     * Reads events until {@code wanted} returns false, or until the stream ends.
     *
     * @param millis the deadline; 0 for none
     * @throws StatusRuntimeException if the stream fails, or at the deadline
     */
    void follow(StateChangeSubscriptionRequest request, long millis, Predicate<StateChangeEvent> wanted) {
        CancellableContext context = Context.current().withCancellation();
        try {
            context.run(() -> {
                StateManagerConnectionBlockingStub stub = StateManagerConnectionGrpc.newBlockingStub(channel);
                Iterator<StateChangeEvent> events = (millis == 0
                                ? stub
                                : stub.withDeadlineAfter(millis, TimeUnit.MILLISECONDS))
                        .subscribeToStateChanges(request);
                while (events.hasNext() && wanted.test(events.next())) {
                    // The predicate handles the event.
                }
            });
        } finally {
            context.cancel(null);
        }
    }

    /** Returns the stub with the deadline of all calls. */
    public static <S extends io.grpc.stub.AbstractStub<S>> S within(S stub) {
        return stub.withDeadlineAfter(SECONDS, TimeUnit.SECONDS);
    }

    /** Explains a failed call to the user. */
    CommandFailure failure(Status status) {
        if (HttpPort.mayBe(status) && HttpPort.answers(address)) {
            return new CommandFailure("the server at " + address + " speaks HTTP, and the command line needs gRPC: name"
                    + " StateManager's gRPC port with --server HOST:PORT (setting port, 47006 unless set).");
        }
        String detail = detail(status);
        return switch (status.getCode()) {
            case INVALID_ARGUMENT -> new CommandFailure.ServerRefusal(detail);
            // An answer of the server has no cause. A failure to reach it has one.
            case UNAVAILABLE ->
                new CommandFailure(
                        status.getCause() == null
                                ? "the StateManager at " + address + " cannot answer now: " + detail
                                : "no StateManager can be reached at " + address + ": " + detail
                                        + "\nStart one with 'statemanager serve', or name another with --server"
                                        + " HOST:PORT.");
            case CANCELLED -> new CommandFailure("the StateManager at " + address + " stopped during the call");
            case DEADLINE_EXCEEDED ->
                new CommandFailure("the StateManager at " + address + " did not answer within " + SECONDS + " s");
            case UNIMPLEMENTED ->
                new CommandFailure("the server at " + address + " is not a StateManager of this version: " + detail);
            default -> new CommandFailure(detail);
        };
    }

    /** Returns the message of the innermost cause, such as "Connection refused" rather than "io exception". */
    static String detail(Status status) {
        @Nullable Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause != null && cause.getMessage() != null) {
            return cause.getMessage();
        }
        return status.getDescription() == null ? status.getCode().toString() : status.getDescription();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
