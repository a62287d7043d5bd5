// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.monitoringserver.ContainerInfo;
import io.pullpiri.proto.monitoringserver.ContainerList;
import io.pullpiri.proto.statemanager.ResourceStateRequest;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.Frames;
import io.pullpiri.statemanager.testing.Program;
import io.pullpiri.statemanager.testing.ServerRig;
import io.pullpiri.statemanager.testing.SocketParent;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A server that inherits its listening socket: reports that are sent while it restarts wait in the kernel. The property {@code
 * restarts} sets how often it restarts.
 */
@Tag("slow")
class SocketActivationTest {

    private static final int RESTARTS = Integer.getInteger("restarts", 5);
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final Pattern SOCKET = Pattern.compile("socket :(\\d+)");
    private static final Pattern STARTED = Pattern.compile("command (\\d+)");
    private static final String SEND =
            "/" + StateManagerConnectionGrpc.getSendChangedContainerListMethod().getFullMethodName();

    @TempDir
    Path folder;

    private int port;

    /** Starts a server with an inherited socket, which is started again whenever it ends. */
    private Program parent(List<String> before) throws IOException {
        // A slow start on a busy machine must not be taken for a store that does not answer.
        List<String> serve = Program.serveBuilder(
                        folder, "--http-port", "off", "--container-vanish-grace", "0s", "--commit-timeout", "1m")
                .command();
        List<String> command = new ArrayList<>(before);
        command.addAll(serve);
        List<String> parent = new ArrayList<>(serve.subList(0, serve.indexOf(Main.class.getName())));
        parent.add(SocketParent.class.getName());
        parent.addAll(command);
        Program program = Program.start(new ProcessBuilder(parent));
        Await.until(
                SOON, program::output, () -> SOCKET.matcher(program.output()).find());
        port = Integer.parseInt(matches(SOCKET, program.output()).getFirst());
        return program;
    }

    /** Ends the parent and its server. {@link Program#close} would kill the parent only. */
    private static void end(Program parent) {
        parent.process.toHandle().destroy();
        int _ = parent.exitCode();
    }

    private static List<String> matches(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(found -> found.group(1)).toList();
    }

    /** Ends the server as systemd does, and waits until the next one has begun. */
    private static void restart(Program parent) {
        List<String> started = matches(STARTED, parent.output());
        ProcessHandle server =
                ProcessHandle.of(Long.parseLong(started.getLast())).orElseThrow();
        assertThat(server.destroy()).isTrue();
        Await.until(
                SOON, parent::output, () -> matches(STARTED, parent.output()).size() > started.size());
    }

    private ManagedChannel connect() {
        // A request is sent once.
        return NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .disableRetry()
                .build();
    }

    private void apply() {
        ManagedChannel channel = connect();
        try {
            for (String name : List.of("stream", "single", "raw")) {
                var _ = ArtifactsGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(SOON.toSeconds(), TimeUnit.SECONDS)
                        .apply(ApplyRequest.newBuilder()
                                .setYaml("kind: Package\nmetadata: {name: %s}\nspec: {models: [{name: %s}]}\n"
                                        .formatted(name, name))
                                .build());
            }
        } finally {
            channel.shutdownNow();
        }
    }

    private long generation(String packageName) {
        ManagedChannel channel = connect();
        try {
            return StateManagerConnectionGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(SOON.toSeconds(), TimeUnit.SECONDS)
                    .getResourceState(ResourceStateRequest.newBuilder()
                            .setResourceType(ResourceType.RESOURCE_TYPE_PACKAGE)
                            .setResourceName(packageName)
                            .build())
                    .getResourceState()
                    .getStateGeneration();
        } finally {
            channel.shutdownNow();
        }
    }

    /** Sends reports until the test ends it. Each one changes the package, so the package's generation counts them. */
    private abstract static class Sender {

        private final String name;
        private final List<String> lost = new ArrayList<>();
        private final Thread thread;
        private volatile boolean ended;
        private final AtomicInteger sent = new AtomicInteger();

        Sender(String name) {
            this.name = name;
            this.thread = Thread.ofPlatform().name(name).unstarted(this::run);
        }

        private void run() {
            while (!ended) {
                String state = sent.get() % 2 == 0 ? "running" : "exited:1";
                ContainerInfo container = ServerRig.container(name, state);
                ContainerList list = ContainerList.newBuilder()
                        .setNodeName("NODE-" + name)
                        .addContainers(container)
                        .build();
                try {
                    send(list);
                } catch (IOException | StatusRuntimeException e) {
                    synchronized (lost) {
                        lost.add("report %d of %s: %s".formatted(sent.get(), name, e));
                    }
                }
                sent.incrementAndGet();
            }
        }

        abstract void send(ContainerList list) throws IOException;

        Sender start() {
            thread.start();
            return this;
        }

        void end() throws InterruptedException {
            ended = true;
            thread.join();
        }

        List<String> lost() {
            synchronized (lost) {
                return List.copyOf(lost);
            }
        }
    }

    /** Sends all reports over one connection, which is opened again when the server ends it. */
    private final class StreamSender extends Sender {

        private final ManagedChannel channel = connect();

        StreamSender() {
            super("stream");
        }

        @Override
        void send(ContainerList list) {
            var _ = StateManagerConnectionGrpc.newBlockingStub(channel)
                    .withWaitForReady()
                    .withDeadlineAfter(SOON.toSeconds(), TimeUnit.SECONDS)
                    .sendChangedContainerList(list);
        }

        @Override
        void end() throws InterruptedException {
            super.end();
            channel.shutdownNow();
        }
    }

    /** Opens a connection for each report. */
    private final class SingleSender extends Sender {

        SingleSender() {
            super("single");
        }

        @Override
        void send(ContainerList list) {
            ManagedChannel channel = connect();
            try {
                var _ = StateManagerConnectionGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(SOON.toSeconds(), TimeUnit.SECONDS)
                        .sendChangedContainerList(list);
            } finally {
                channel.shutdownNow();
            }
        }
    }

    /**
     * Opens a connection for each report, as NodeAgent does, and sends the report when the server has greeted. It obeys a GOAWAY:
     * then the report is lost.
     */
    private final class RawSender extends Sender {

        private static final int HEADERS = 1;
        private static final int SETTINGS = 4;
        private static final int GOAWAY = 7;
        private static final int END_STREAM = 1;
        private static final Pattern OK = Pattern.compile("grpc-status.?0", Pattern.DOTALL);

        RawSender() {
            super("raw");
        }

        @Override
        void send(ContainerList list) throws IOException {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout((int) SOON.toMillis());
                DataInputStream in = new DataInputStream(socket.getInputStream());
                OutputStream out = socket.getOutputStream();
                out.write(new Frames().greet().toBytes());
                Frame first = next(in);
                while (first.type != SETTINGS || in.available() > 0) {
                    if (first.type == GOAWAY) {
                        throw new IOException("GOAWAY before the request");
                    }
                    first = next(in);
                }
                byte[] message = list.toByteArray();
                out.write(new Frames()
                        .call(1, SEND)
                        .message(1, message.length, message)
                        .end(1)
                        .toBytes());
                Frame answer = next(in);
                while (answer.type != HEADERS || (answer.flags & END_STREAM) == 0) {
                    answer = next(in);
                }
                if (!OK.matcher(answer.payload).find()) {
                    throw new IOException("refused: " + answer.payload);
                }
            }
        }

        private static Frame next(DataInputStream in) throws IOException {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            int flags = in.readUnsignedByte();
            var _ = in.readInt();
            return new Frame(type, flags, new String(in.readNBytes(length), StandardCharsets.ISO_8859_1));
        }
    }

    private record Frame(int type, int flags, String payload) {}

    @Test
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void reportDuringAnOrderlyRestart_isAnsweredByTheNextServer(TestReporter reporter) throws Exception {
        Program parent = parent(List.of());
        try {
            apply();
            List<Sender> senders = List.of(new StreamSender(), new SingleSender(), new RawSender());
            try {
                senders.forEach(Sender::start);
                for (int i = 0; i < RESTARTS; i++) {
                    List<Integer> before =
                            senders.stream().map(sender -> sender.sent.get()).toList();
                    Await.until(
                            SOON,
                            parent::output,
                            () -> senders.stream()
                                    .allMatch(sender -> sender.sent.get() > before.get(senders.indexOf(sender)) + 20));
                    restart(parent);
                }
            } finally {
                for (Sender sender : senders) {
                    sender.end();
                }
            }
            String output = parent.output();
            assertThat(matches(Pattern.compile("ended (\\d+)"), output))
                    .hasSize(RESTARTS)
                    .containsOnly("0");
            for (Sender sender : senders) {
                assertThat(sender.lost()).as(output).isEmpty();
                // Idle is the first change, and every report is another.
                assertThat(generation(sender.name)).as(sender.name).isEqualTo(sender.sent.get() + 1L);
            }
            senders.forEach(
                    sender -> reporter.publishEntry("sent by " + sender.name, String.valueOf(sender.sent.get())));
        } finally {
            end(parent);
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"", "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\""})
    void inheritedSocket_isNamedInTheLogAndStaysOpenAfterTheEnd(String shell) throws Exception {
        Program parent = parent(shell.isEmpty() ? List.of() : List.of("sh", "-c", shell, "sh"));
        try {
            apply();
            assertThat(parent.output()).contains("listening on 127.0.0.1:" + port + " (an inherited socket)");
            restart(parent);
            // The end of the first server is in its output, although it has let go of the socket.
            assertThat(parent.output()).contains("stopping: finishing what is in progress", "ended 0");
            assertThat(generation("raw")).isEqualTo(1);
        } finally {
            end(parent);
        }
    }

    @Test
    void twoInheritedSockets_areRefused() throws Exception {
        String shell = "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=2 exec \"$@\"";
        Program parent = parent(List.of("sh", "-c", shell, "sh"));
        try {
            Await.until(SOON, parent::output, () -> parent.output().contains("ended"));
            assertThat(parent.output())
                    .contains("error: LISTEN_FDS: '2' (expected: 1, the socket of port 47006; remove the others)")
                    .contains("ended 1");
        } finally {
            end(parent);
        }
    }
}
