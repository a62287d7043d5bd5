package io.pullpiri.statemanager.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.StateChange;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.DeleteRequest;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.World;
import io.pullpiri.statemanager.hostile.Pieces;
import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.store.Keys;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Whatever comes in messages, one after the other: it is refused or done, keys are ours and valid, and a restart finds nothing
 * to mend.
 */
public final class MessagesFuzz {

    private static final List<String> PREFIXES = Stream.concat(
                    Keys.WATCHED_PREFIXES.stream(), Stream.of(Keys.OWN_PREFIX))
            .toList();

    private MessagesFuzz() {}

    /** @param input pieces: a byte that chooses the message, two for its length, the message */
    public static void fuzzerTestOneInput(byte[] input) {
        World world = new World();
        for (Pieces pieces = new Pieces(ByteBuffer.wrap(input)); pieces.next(); ) {
            Command command = command(pieces.kind(), pieces.bytes());
            if (command != null) {
                world.run(command);
            }
            world.pass(Duration.ofMillis(pieces.kind()));
        }
        for (String key : world.keys()) {
            if (PREFIXES.stream().noneMatch(key::startsWith)) {
                throw new AssertionError("a key that is not ours: " + key);
            }
            Keys.requireValid(key);
        }
        world.pass(Duration.ofMinutes(1));
        world.run(new Command.Tick());
        int more = world.restart();
        if (more != 1) {
            throw new AssertionError("a start had " + more + " transactions to make, not its fence alone");
        }
    }

    /** As the services read them; null for what they refuse. */
    private static @Nullable Command command(int kind, byte[] message) {
        try {
            return switch (kind % 4) {
                case 0 -> {
                    ContainerList list = ContainerList.parseFrom(message);
                    yield Names.problem(list.getNodeName()) == null ? ContainerLists.command(list) : null;
                }
                case 1 ->
                    StateChanges.read(StateChange.parseFrom(message)) instanceof StateChanges.Reading.Good good
                            ? good.command()
                            : null;
                case 2 ->
                    Command.ApplyArtifacts.parse(ApplyRequest.parseFrom(message).getYaml());
                default ->
                    Command.DeleteArtifacts.parse(
                            DeleteRequest.parseFrom(message).getYaml());
            };
        } catch (InvalidProtocolBufferException e) {
            return null;
        } catch (IllegalArgumentException e) {
            if (e.getMessage() == null || e.getMessage().isBlank()) {
                throw new AssertionError("no reason is given", e);
            }
            return null;
        }
    }
}
