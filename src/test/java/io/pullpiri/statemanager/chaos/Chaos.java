package io.pullpiri.statemanager.chaos;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.cascade.Journal;
import io.pullpiri.statemanager.cascade.ResourceKind;
import io.pullpiri.statemanager.cascade.Transition;
import io.pullpiri.statemanager.cascade.World;
import io.pullpiri.statemanager.state.Tables;
import io.pullpiri.statemanager.store.KeyValue;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.store.etcd.EtcdAdmin;
import io.pullpiri.statemanager.store.etcd.EtcdServer;
import io.pullpiri.statemanager.store.etcd.EtcdStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * A server and an etcd, both real, that are killed, frozen and cut off from each other while components ask for changes. Every
 * change that was acknowledged must be in the history, once and in order.
 */
final class Chaos implements AutoCloseable {

    private static final int MODELS = 12;
    private static final int MODELS_OF_A_PACKAGE = 3;
    private static final int PROGRESS = 50;
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    /** What happens to the processes. */
    enum Fault {
        SERVER_KILLED,
        SERVER_FROZEN,
        ETCD_KILLED,
        ETCD_FROZEN,
        CUT,
        SLOW,
        HALF_OPEN,
        COMPACTED
    }

    private final Random random;
    private final EtcdServer etcd = EtcdServer.start("--quota-backend-bytes", "8589934592");
    private final Proxy cable = new Proxy(port(etcd.endpoint()));
    private final int port = EtcdServer.freePort();
    private final List<String> models =
            IntStream.range(0, MODELS).mapToObj(i -> "model-" + i).toList();
    private final Map<Fault, Integer> faults = new EnumMap<>(Fault.class);
    private final Map<String, List<String>> recorded = new TreeMap<>();
    private long lastRecord;
    private Process server;
    private final Requests requests;

    Chaos(long seed) throws IOException {
        random = new Random(seed);
        server = serve();
        ManagedChannel channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
        for (int i = 0; i < MODELS / MODELS_OF_A_PACKAGE; i++) {
            String yaml = World.packageYaml(
                    "package-" + i,
                    models.subList(i * MODELS_OF_A_PACKAGE, (i + 1) * MODELS_OF_A_PACKAGE)
                            .toArray(new String[0]));
            var _ = ArtifactsGrpc.newBlockingStub(channel)
                    .withWaitForReady()
                    .withDeadlineAfter(60, TimeUnit.SECONDS)
                    .apply(ApplyRequest.newBuilder().setYaml(yaml).build());
        }
        channel.shutdownNow();
        requests = new Requests(port, models);
    }

    /** @param args how many kills, and a seed */
    public static void main(String[] args) throws Exception {
        int kills = Integer.parseInt(args[0]);
        long seed = args.length > 1 ? Long.parseLong(args[1]) : System.nanoTime();
        System.out.println("seed " + seed);
        try (Chaos chaos = new Chaos(seed)) {
            System.out.println(chaos.run(kills));
        }
        System.exit(0);
    }

    /**
     * Until so many processes were killed.
     *
     * @return what was done, in words
     * @throws IllegalStateException if a promise is broken
     */
    String run(int kills) throws Exception {
        awaitProgress("the start");
        for (int killed = 0; killed < kills; ) {
            Fault fault = Fault.values()[random.nextInt(Fault.values().length)];
            faults.merge(fault, 1, Integer::sum);
            strike(fault);
            killed += fault == Fault.SERVER_KILLED || fault == Fault.ETCD_KILLED ? 1 : 0;
            awaitProgress(fault.toString());
            if (faults.values().stream().mapToInt(Integer::intValue).sum() % 10 == 0) {
                readHistory();
            }
        }
        requests.stop();
        TimeUnit.SECONDS.sleep(2);
        readHistory();
        requireHistory();
        requireRules();
        return "%s; %,d changes acknowledged, %,d recorded, none lost, none doubled"
                .formatted(
                        faults,
                        requests.count(),
                        recorded.values().stream().mapToInt(List::size).sum());
    }

    private void strike(Fault fault) throws Exception {
        switch (fault) {
            case SERVER_KILLED -> {
                TimeUnit.MILLISECONDS.sleep(random.nextInt(300));
                server.destroyForcibly().waitFor();
                server = serve();
            }
            case SERVER_FROZEN -> {
                signal(server.pid(), "STOP");
                TimeUnit.MILLISECONDS.sleep(random.nextInt(3_000));
                signal(server.pid(), "CONT");
            }
            case ETCD_KILLED -> {
                TimeUnit.MILLISECONDS.sleep(random.nextInt(300));
                etcd.kill();
                TimeUnit.MILLISECONDS.sleep(random.nextInt(500));
                etcd.restart();
            }
            case ETCD_FROZEN -> {
                etcd.pause();
                TimeUnit.MILLISECONDS.sleep(random.nextInt(8_000));
                etcd.resume();
            }
            case CUT -> cable.cut();
            case SLOW -> {
                cable.delay(Duration.ofMillis(random.nextInt(300)));
                TimeUnit.MILLISECONDS.sleep(1_000);
                cable.delay(Duration.ZERO);
            }
            case HALF_OPEN -> {
                cable.hang(true);
                TimeUnit.MILLISECONDS.sleep(random.nextInt(8_000));
                cable.hang(false);
            }
            case COMPACTED -> {
                try (StateStore store = open()) {
                    EtcdAdmin.compact(etcd.endpoint(), store.snapshot(List.of()).revision());
                }
            }
        }
    }

    private void awaitProgress(String after) throws InterruptedException {
        long goal = requests.count() + PROGRESS;
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (requests.count() < goal) {
            require(server.isAlive(), "the server has ended after " + after);
            require(System.nanoTime() < deadline, "nothing is acknowledged any more after " + after);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private void readHistory() {
        List<KeyValue> records;
        try (StateStore store = open()) {
            records = new ArrayList<>(store.getAllWithPrefix(Keys.JOURNAL_PREFIX));
        }
        for (KeyValue record : records) {
            long sequence = Journal.sequence(record.key());
            if (sequence > lastRecord) {
                require(sequence == lastRecord + 1, "record " + (lastRecord + 1) + " is missing");
                lastRecord = sequence;
                List<Transition> changes = Journal.changes(record.value());
                require(changes != null, "record " + sequence + " cannot be read");
                for (Transition change : changes == null ? List.<Transition>of() : changes) {
                    if (change.kind() == ResourceKind.MODEL) {
                        recorded.computeIfAbsent(change.name(), any -> new ArrayList<>())
                                .add(change.transitionId());
                    }
                }
            }
        }
    }

    /** What was asked last need not have been acknowledged; all else must be recorded once, in order. */
    private void requireHistory() {
        requests.acknowledged().forEach((model, ids) -> {
            List<String> found = recorded.getOrDefault(model, List.of());
            boolean same = found.size() >= ids.size()
                    && found.size() <= ids.size() + 1
                    && found.subList(0, ids.size()).equals(ids);
            require(same, model + ": acknowledged " + ids + ", recorded " + found);
        });
    }

    private void requireRules() {
        try (StateStore store = open()) {
            for (int i = 0; i < MODELS / MODELS_OF_A_PACKAGE; i++) {
                List<String> states = models.subList(i * MODELS_OF_A_PACKAGE, (i + 1) * MODELS_OF_A_PACKAGE).stream()
                        .map(model -> state(store, Keys.modelState(model)))
                        .toList();
                String found = state(store, Keys.packageState("package-" + i));
                require(
                        found.equals(Tables.packageState(states)),
                        "package-" + i + " is " + found + " with models " + states);
            }
        }
    }

    private static String state(StateStore store, String key) {
        return store.get(key).map(entry -> Tables.name(entry.value())).orElse("");
    }

    private StateStore open() {
        return EtcdStore.open(List.of(etcd.endpoint()), Duration.ofSeconds(10));
    }

    private Process serve() throws IOException {
        return new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "@tools/java.options",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.pullpiri.statemanager.cli.Main",
                        "serve",
                        "--store",
                        "etcd://127.0.0.1:" + cable.port(),
                        "--port",
                        String.valueOf(port),
                        "--fault-port",
                        "off",
                        "--http-port",
                        "off",
                        "--action-controller",
                        "off"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static void signal(long pid, String name) throws IOException, InterruptedException {
        int ended = new ProcessBuilder("kill", "-" + name, String.valueOf(pid))
                .start()
                .waitFor();
        require(ended == 0, "kill -" + name + " has failed");
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new IllegalStateException(what);
        }
    }

    private static int port(String endpoint) {
        return Integer.parseInt(endpoint.substring(endpoint.lastIndexOf(':') + 1));
    }

    @Override
    public void close() {
        requests.close();
        server.destroyForcibly();
        cable.close();
        etcd.close();
    }
}
