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
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * A server and a store, both real, that are killed, frozen and cut off from each other while components ask for changes.
 * Every change that was acknowledged must be in the history, once and in order.
 */
final class Chaos implements AutoCloseable {

    private static final int MODELS = 12;
    private static final int MODELS_OF_A_PACKAGE = 3;
    private static final int PROGRESS = 50;
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final int READ_EVERY = 10;
    private static final String KILLED = " killed";
    private static final String SERVER_KILLED = "server" + KILLED;

    private final Random random;
    private final Backing backing;
    private final List<String> models =
            IntStream.range(0, MODELS).mapToObj(i -> "model-" + i).toList();
    private final Map<String, Backing.Strike> strikes = new LinkedHashMap<>();
    private final Map<String, Integer> struck = new TreeMap<>();
    private final Map<String, List<String>> recorded = new TreeMap<>();
    private long lastRecord;
    private final KillableServer server;
    private final Requests requests;

    /** @param backing what the server stands on; closed with this */
    Chaos(Random random, Backing backing) throws IOException {
        this.random = random;
        this.backing = backing;
        strikes.put(SERVER_KILLED, this::killServer);
        strikes.put("server frozen", this::freezeServer);
        strikes.putAll(backing.strikes());
        server = new KillableServer(backing.store());
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
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
        requests = new Requests(server.port(), models);
    }

    /** @param args how many kills, on what ({@code etcd}, {@code cluster}, {@code sqlite}), and a seed */
    public static void main(String[] args) throws Exception {
        int kills;
        long seed;
        try {
            kills = Integer.parseInt(args[0]);
            seed = args.length > 2 ? Long.parseLong(args[2]) : System.nanoTime();
        } catch (NumberFormatException e) {
            System.err.println("KILLS and SEED: " + e.getMessage() + " (expected: numbers)");
            System.exit(2);
            return;
        }
        if (!List.of("etcd", "cluster", "sqlite").contains(args[1])) {
            System.err.println("STORE: " + args[1] + " (expected: etcd, cluster or sqlite)");
            System.exit(2);
        }
        System.out.printf("Once more: make chaos KILLS=%d STORE=%s SEED=%d%n", kills, args[1], seed);
        Random random = new Random(seed);
        Backing backing = switch (args[1]) {
            case "etcd" -> new OneEtcd(random);
            case "cluster" -> new ThreeEtcds(random);
            default -> new OneFile(random);
        };
        try (Chaos chaos = new Chaos(random, backing)) {
            System.out.println(chaos.run(kills));
        }
        System.exit(0);
    }

    /**
     * Until everything has happened once and so many processes were killed.
     *
     * @return what was done, in words
     * @throws IllegalStateException if a promise is broken
     */
    String run(int kills) throws Exception {
        awaitProgress("the start");
        List<String> names = List.copyOf(strikes.keySet());
        List<String> killing =
                names.stream().filter(name -> name.endsWith(KILLED)).toList();
        for (int i = 0; i < names.size() || killed() < kills; i++) {
            // Each once, and then as it comes, every other time a kill.
            List<String> some = i % 2 == 0 ? killing : names;
            strike(i < names.size() ? names.get(i) : some.get(random.nextInt(some.size())));
            if (i % READ_EVERY == READ_EVERY - 1) {
                // The history is read while no server is there, and keeps so many changes.
                strike(SERVER_KILLED);
                System.out.printf("%,d kills, %,d changes acknowledged%n", killed(), requests.count());
            }
        }
        requests.stop();
        server.kill();
        readHistory();
        requireHistory();
        requireRules();
        return "%,d kills %s: %,d changes acknowledged, %,d recorded, none lost, none doubled, all packages as they should be"
                .formatted(
                        killed(),
                        struck,
                        requests.count(),
                        recorded.values().stream().mapToInt(List::size).sum());
    }

    private int killed() {
        return struck.entrySet().stream()
                .filter(entry -> entry.getKey().endsWith(KILLED))
                .mapToInt(Map.Entry::getValue)
                .sum();
    }

    private void strike(String name) throws IOException, InterruptedException {
        struck.merge(name, 1, Integer::sum);
        Objects.requireNonNull(strikes.get(name)).strike();
        awaitProgress(name);
    }

    private void killServer() throws IOException, InterruptedException {
        TimeUnit.MILLISECONDS.sleep(random.nextInt(300));
        server.kill();
        readHistory();
        server.restart();
    }

    private void freezeServer() throws IOException, InterruptedException {
        server.freeze();
        TimeUnit.MILLISECONDS.sleep(random.nextInt(3_000));
        server.thaw();
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
        try (StateStore store = backing.open()) {
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
        try (StateStore store = backing.open()) {
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

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new IllegalStateException(what);
        }
    }

    @Override
    public void close() {
        requests.close();
        server.close();
        backing.close();
    }
}
