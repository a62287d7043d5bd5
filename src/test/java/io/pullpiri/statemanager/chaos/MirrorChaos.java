// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.statemanager.ListResourcesByStateRequest;
import io.pullpiri.proto.statemanager.ListResourcesByStateResponse;
import io.pullpiri.proto.statemanager.ResourceState;
import io.pullpiri.proto.statemanager.ResourceType;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.pullpiri.PullpiriStore;
import io.pullpiri.statemanager.pullpiri.PullpiriStoreException;
import io.pullpiri.statemanager.testing.Argument;
import io.pullpiri.statemanager.testing.Await;
import io.pullpiri.statemanager.testing.EtcdServer;
import io.pullpiri.statemanager.testing.FakeRocksDbService;
import io.pullpiri.statemanager.view.ResourceKind;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Kills Pullpiri's key-value service and a real server, while models change and artifacts are written, replaced and deleted in
 * the service. At the end, both stores must agree. The service is the test double in a process of its own, or Pullpiri's own
 * program where {@code ROCKSDB_SERVICE_BINARY} names it.
 */
final class MirrorChaos implements AutoCloseable {

    private static final int PACKAGES = 10;
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final int PROGRESS = 3;
    private static final @Nullable String REAL_SERVICE = System.getenv("ROCKSDB_SERVICE_BINARY");

    private final Random random;
    private final Path folder = Files.createTempDirectory("mirror-chaos-");
    private final int servicePort = EtcdServer.freePort();
    private final PullpiriStore store = new PullpiriStore("127.0.0.1:" + servicePort, Duration.ofSeconds(2));
    private final List<String> models =
            IntStream.range(0, 12).mapToObj(i -> "model-" + i).toList();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private Process service;
    private final KillableServer server;
    private final Requests requests;
    private final ManagedChannel channel;
    private volatile boolean stopped;

    MirrorChaos(Random random) throws IOException {
        this.random = random;
        service = launchService();
        server = new KillableServer(
                "sqlite:" + folder.resolve("s.db"), List.of("--pullpiri-store", "http://127.0.0.1:" + servicePort));
        requests = new Requests(server.port(), models);
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
    }

    /** @param args the number of kills, and a seed */
    public static void main(String[] args) throws Exception {
        long kills = Argument.number("KILLS", args[0], 1);
        long seed = args.length > 1 ? Argument.number("SEED", args[1], 0) : System.nanoTime();
        try (MirrorChaos chaos = new MirrorChaos(new Random(seed))) {
            System.out.println(chaos.run((int) kills));
        }
    }

    private Process launchService() throws IOException {
        List<String> command = REAL_SERVICE == null
                ? List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-Dlogback.configurationFile=test-log.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FakeRocksDbService.class.getName(),
                        String.valueOf(servicePort),
                        folder.resolve("rocksdb").toString())
                : List.of(
                        REAL_SERVICE,
                        "-p",
                        folder.resolve("rocksdb").toString(),
                        "-P",
                        String.valueOf(servicePort),
                        "-a",
                        "127.0.0.1");
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(new File("target/chaos-rocksdb.log")))
                .start();
    }

    /** Kills the service and the server this often each, and returns what happened. */
    String run(int kills) throws Exception {
        Future<?> artifacts = threads.submit(this::writeArtifacts);
        requests.start();
        int services = 0;
        int servers = 0;
        while (services < kills || servers < kills) {
            boolean isService = servers >= kills || (services < kills && random.nextBoolean());
            if (isService) {
                service.destroyForcibly().waitFor();
                services++;
            } else {
                server.kill();
                servers++;
            }
            List<Integer> before = requests.counts();
            TimeUnit.MILLISECONDS.sleep(random.nextInt(300));
            if (isService) {
                // The server works without the service.
                awaitProgress(before);
                service = launchService();
            } else {
                server.restart();
                awaitProgress(before);
            }
        }
        requests.stop();
        stopped = true;
        artifacts.get();
        long begin = System.nanoTime();
        Await.until(PATIENCE, this::difference, () -> difference().isEmpty());
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
        return "service killed %d times, server killed %d times, %,d changes acknowledged; both stores agree %,d ms after the last change"
                .formatted(services, servers, requests.count(), millis);
    }

    private void awaitProgress(List<Integer> before) {
        Await.until(
                PATIENCE,
                () -> "progress: " + requests.stalled(before, PROGRESS),
                () -> requests.stalled(before, PROGRESS).isEmpty());
    }

    /** Writes, replaces and deletes artifacts as ApiServer does, and repeats each call until it succeeds. */
    private void writeArtifacts() {
        Random choice = new Random(random.nextLong());
        for (int i = 0; !stopped; i++) {
            int number = i < PACKAGES ? i : choice.nextInt(PACKAGES);
            String name = "package-" + number;
            // At most two are missing at a time, so that no deletion waits for an operator.
            boolean isDeleted = number < 2 && choice.nextBoolean();
            String yaml = "kind: Package\nmetadata: {name: %s}\nspec: {models: [{name: %s}, {name: %s}]}\n"
                    .formatted(name, models.get(number), models.get(choice.nextInt(models.size())));
            while (!stopped) {
                try {
                    if (isDeleted) {
                        store.delete("Package/" + name);
                    } else {
                        store.write(Map.of("Package/" + name, yaml));
                    }
                    break;
                } catch (PullpiriStoreException e) {
                    pause(50);
                }
            }
            pause(30);
        }
    }

    private static void pause(int millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns how both stores differ; empty if they agree. */
    private String difference() {
        try {
            Map<String, String> ours = new TreeMap<>();
            Map<String, String> theirs = new TreeMap<>();
            for (ResourceKind kind : ResourceKind.WITH_STATES) {
                states(kind)
                        .forEach(state -> ours.put(
                                key(kind, state.getResourceName()),
                                state.getCurrentState().toUpperCase(Locale.ROOT)));
                store.readPrefix("/" + kind.label() + "/").forEach((key, text) -> theirs.put(key, title(kind, text)));
            }
            var packages = new TreeSet<>(store.readPrefix("Package/").keySet());
            var known = new TreeSet<String>();
            states(ResourceKind.PACKAGE).forEach(state -> known.add("Package/" + state.getResourceName()));
            if (!packages.equals(known)) {
                return "packages in Pullpiri's store: " + packages + ", in ours: " + known;
            }
            return ours.equals(theirs) ? "" : "states in ours: " + ours + ", in Pullpiri's store: " + theirs;
        } catch (PullpiriStoreException | StatusRuntimeException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static String key(ResourceKind kind, String name) {
        return "/" + kind.label() + "/" + name + "/state";
    }

    private static String title(ResourceKind kind, String text) {
        var state = kind.parseState(text);
        return state == null ? text : state.title().toUpperCase(Locale.ROOT);
    }

    private List<ResourceState> states(ResourceKind kind) {
        ResourceType type = ResourceType.valueOf("RESOURCE_TYPE_" + kind.name());
        ListResourcesByStateResponse response = StateManagerConnectionGrpc.newBlockingStub(channel)
                .withDeadlineAfter(5, TimeUnit.SECONDS)
                .listResourcesByState(ListResourcesByStateRequest.newBuilder()
                        .setResourceType(type)
                        .build());
        return response.getResourcesList().stream()
                .filter(state -> !state.getCurrentState().isEmpty())
                .toList();
    }

    @Override
    public void close() {
        stopped = true;
        requests.close();
        threads.shutdownNow();
        channel.shutdownNow();
        store.close();
        server.close();
        service.destroyForcibly().onExit().join();
    }
}
