package io.pullpiri.statemanager.cli;

import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The connection of one command to a server. */
final class Client implements AutoCloseable {

    /** The option that says which server. */
    static final class Server {

        @Option(
                names = "--server",
                paramLabel = "HOST:PORT",
                defaultValue = "${env:STATEMANAGER_SERVER:-127.0.0.1:47006}",
                description = "the StateManager to ask (default: STATEMANAGER_SERVER, or 127.0.0.1:47006)")
        private String address = "";

        /** @throws CommandFailure if the address is none */
        Client connect() {
            if (!ADDRESS.matcher(address).matches()) {
                throw new CommandFailure("--server: '" + address + "' (expected: HOST:PORT)");
            }
            return new Client(address);
        }
    }

    private static final Pattern ADDRESS = Pattern.compile("[^\\s:/]+:\\d{1,5}|\\[[0-9A-Fa-f:.]+\\]:\\d{1,5}");
    private static final long SECONDS = 10;

    private final String address;
    private final ManagedChannel channel;

    private Client(String address) {
        this.address = address;
        this.channel = NettyChannelBuilder.forTarget("dns:///" + address)
                .usePlaintext()
                .build();
    }

    /**
     * One call, within 10 seconds.
     *
     * @throws CommandFailure that says what the server had against it, or that there is no server
     */
    <T> T call(Function<Channel, T> call) {
        try {
            return call.apply(channel);
        } catch (StatusRuntimeException e) {
            throw failure(e.getStatus());
        }
    }

    static <S extends io.grpc.stub.AbstractStub<S>> S within(S stub) {
        return stub.withDeadlineAfter(SECONDS, TimeUnit.SECONDS);
    }

    private CommandFailure failure(Status status) {
        String detail = detail(status);
        return switch (status.getCode()) {
            case INVALID_ARGUMENT -> new CommandFailure.Refused(detail);
            // What the server says has no cause; what keeps gRPC from reaching it has.
            case UNAVAILABLE ->
                new CommandFailure(
                        status.getCause() == null
                                ? "the StateManager at " + address + " cannot do it now: " + detail
                                : "no StateManager can be reached at " + address + ": " + detail
                                        + "\nStart one with 'statemanager serve', or name another with --server"
                                        + " HOST:PORT.");
            case CANCELLED -> new CommandFailure("the StateManager at " + address + " has stopped meanwhile");
            case DEADLINE_EXCEEDED ->
                new CommandFailure("the StateManager at " + address + " did not answer within " + SECONDS + " s");
            case UNIMPLEMENTED ->
                new CommandFailure("what listens at " + address + " is no StateManager of this version: " + detail);
            default -> new CommandFailure(detail);
        };
    }

    /** The word of what is furthest down says most: "Connection refused" rather than "io exception". */
    private static String detail(Status status) {
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
