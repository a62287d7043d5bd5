// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.DeleteRequest;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.CommandResult;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.testing.FuzzInput;
import io.pullpiri.statemanager.testing.OneLine;
import io.pullpiri.statemanager.testing.OwnKeys;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends arbitrary messages, one after the other. Each is refused with a message or executed, all keys are valid keys of
 * StateManager, and a restart finds nothing to repair.
 */
public final class MessagesFuzz {

    private MessagesFuzz() {}

    /** @param input pieces, each with a byte for the kind of message, two bytes for its length, and the message */
    public static void fuzzerTestOneInput(byte[] input) {
        run(input, OneLine::require);
    }

    /**
     * @param refusals gets each refusal, and each anomaly for an operator
     * @return the keys of states at the end
     */
    public static List<String> run(byte[] input, Consumer<String> refusals) {
        CascadeRig world = new CascadeRig();
        for (FuzzInput pieces = new FuzzInput(ByteBuffer.wrap(input)); pieces.next(); ) {
            Command command = command(pieces.kind(), pieces.bytes(), refusals);
            if (command != null) {
                world.run(command).forEach(answer -> hear(answer, refusals));
            }
            world.pass(Duration.ofMillis(pieces.kind()));
        }
        world.notices().forEach(refusals);
        world.causes().forEach(OneLine::require);
        OwnKeys.requireAll(world.keys());
        world.keys().forEach(Keys::requireValid);
        world.pass(Duration.ofMinutes(1));
        world.run(new Command.Tick());
        int more = world.restart();
        if (more != 1) {
            throw new AssertionError("a start had " + more + " transactions to make, not its fence alone");
        }
        return world.states();
    }

    private static void hear(CommandResult answer, Consumer<String> refusals) {
        switch (answer) {
            case CommandResult.Done done -> OneLine.require(done.message());
            case CommandResult.ArtifactsDone _ -> {}
            case CommandResult refusal -> refusals.accept(WireStatus.of(refusal).reason());
        }
    }

    /** Reads a message as the services do; null for a message that they refuse. */
    private static @Nullable Command command(int kind, byte[] message, Consumer<String> refusals) {
        try {
            return switch (kind % 4) {
                case 0 -> {
                    ContainerList list = ContainerList.parseFrom(message);
                    String problem = Names.problem(list.getNodeName());
                    yield problem == null
                            ? ContainerLists.command(list, "127.0.0.1")
                            : refused(Calls.invalidName("node_name", list.getNodeName(), problem), refusals);
                }
                case 1 ->
                    switch (StateChanges.read(StateChange.parseFrom(message))) {
                        case StateChanges.ParsedRequest.Good good -> good.command();
                        case StateChanges.ParsedRequest.Invalid invalid -> refused(invalid.details(), refusals);
                        case StateChanges.ParsedRequest.DisallowedRequest notAllowed ->
                            refused(notAllowed.details(), refusals);
                    };
                case 2 ->
                    Command.ApplyArtifacts.parse(ApplyRequest.parseFrom(message).getYaml());
                default ->
                    Command.DeleteArtifacts.parse(
                            DeleteRequest.parseFrom(message).getYaml());
            };
        } catch (InvalidProtocolBufferException e) {
            return refused("no such message", refusals); // gRPC has a message of its own
        } catch (IllegalArgumentException e) {
            return refused(String.valueOf(e.getMessage()), refusals);
        }
    }

    private static @Nullable Command refused(String message, Consumer<String> refusals) {
        refusals.accept(message);
        return null;
    }
}
