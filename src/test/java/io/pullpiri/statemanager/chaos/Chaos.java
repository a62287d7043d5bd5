// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.statemanager.v1.ApplyRequest;
import io.pullpiri.proto.statemanager.v1.ArtifactsGrpc;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.StateStore;
import io.pullpiri.statemanager.testing.Argument;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.testing.SpecificationTables;
import io.pullpiri.statemanager.view.Journal;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Transition;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Kills, freezes and disconnects a real server and a real store, while components request changes and nodes report their
 * containers. Every acknowledged change must be in the history, once and in order. What is stored must always agree with the
 * history and the rules.
 */
final class Chaos implements AutoCloseable {

    private static final int MODELS = 12;
    private static final int MODELS_OF_A_PACKAGE = 3;

    /** After each fault, every model must change this often. */
    private static final int PROGRESS = 5;

    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final int READ_EVERY = 10;
    private static final String KILLED = " killed";
    private static final String SERVER_KILLED = "server" + KILLED;
    private static final Requests.Change NONE = new Requests.Change("", "");

    private final Random random;
    private final Backing backing;
    private final List<String> models =
            IntStream.range(0, MODELS).mapToObj(i -> "model-" + i).toList();
    private final Map<String, Backing.Strike> strikes = new LinkedHashMap<>();
    private final Map<String, Integer> struck = new TreeMap<>();
    private final Map<String, List<Requests.Change>> recorded = new TreeMap<>();
    private long lastRecord;
    private final KillableServer server;
    private final Requests requests;

    Chaos(Random random, Backing backing) throws IOException {
        this.random = random;
        this.backing = backing;
        server = new KillableServer(backing.store());
        requests = new Requests(server.port(), models);
        strikes.put(SERVER_KILLED, this::killServer);
        strikes.put("server frozen", this::freezeServer);
        strikes.putAll(backing.strikes(requests));
    }

    /** @param args the number of kills, the store ({@code etcd}, {@code cluster}, {@code sqlite}), and a seed */
    public static void main(String[] args) throws Exception {
        long kills = Argument.number("KILLS", args[0], 1);
        long seed = args.length > 2 ? Argument.number("SEED", args[2], 0) : System.nanoTime();
        if (!List.of("etcd", "cluster", "sqlite").contains(args[1])) {
            throw Argument.refused("STORE", args[1], "etcd, cluster or sqlite");
        }
        System.out.printf(
                "The same strikes once more, their moments are the machine's: make chaos KILLS=%d STORE=%s SEED=%d%n",
                kills, args[1], seed);
        Interruptible.run(() -> {
            Random random = new Random(seed);
            Backing backing = switch (args[1]) {
                case "etcd" -> new OneEtcd(random);
                case "cluster" -> new ThreeEtcds(random);
                default -> new OneFile(random);
            };
            try (backing;
                    Chaos chaos = new Chaos(random, backing)) {
                System.out.println(chaos.run(kills));
            }
            return true;
        });
    }

    /**
     * Runs until each fault has occurred once and the number of processes was killed.
     *
     * @return a summary of what was done
     * @throws IllegalStateException if a promise is broken
     */
    String run(long kills) throws Exception {
        applyPackages();
        requests.start();
        awaitProgress("the start");
        List<String> names = List.copyOf(strikes.keySet());
        List<String> killing =
                names.stream().filter(name -> name.endsWith(KILLED)).toList();
        for (int i = 0; i < names.size() || killed() < kills; i++) {
            // Each fault once, then random ones; every second one is a kill.
            List<String> some = i % 2 == 0 ? killing : names;
            strike(i < names.size() ? names.get(i) : some.get(random.nextInt(some.size())));
            if (i % READ_EVERY == READ_EVERY - 1) {
                // The store is read while no server runs, and its history keeps a limited number of changes.
                strike(SERVER_KILLED);
                System.out.printf("%,d kills, %,d changes acknowledged%n", killed(), requests.count());
            }
        }
        requests.stop();
        server.kill();
        readStore();
        requireHistory();
        return "%,d kills %s%s: %,d changes acknowledged, %,d recorded, none lost, none doubled, all states as they should be"
                .formatted(
                        killed(),
                        struck,
                        backing.outcome(),
                        requests.count(),
                        recorded.values().stream().mapToInt(List::size).sum());
    }

    private void applyPackages() {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
        try {
            for (int i = 0; i < MODELS / MODELS_OF_A_PACKAGE; i++) {
                String yaml = CascadeRig.packageYaml("package-" + i, modelsOf(i).toArray(new String[0]));
                var _ = ArtifactsGrpc.newBlockingStub(channel)
                        .withWaitForReady()
                        .withDeadlineAfter(60, TimeUnit.SECONDS)
                        .apply(ApplyRequest.newBuilder().setYaml(yaml).build());
            }
        } finally {
            channel.shutdownNow();
        }
    }

    private List<String> modelsOf(int packageIndex) {
        return models.subList(packageIndex * MODELS_OF_A_PACKAGE, (packageIndex + 1) * MODELS_OF_A_PACKAGE);
    }

    private int killed() {
        return struck.entrySet().stream()
                .filter(entry -> entry.getKey().endsWith(KILLED))
                .mapToInt(Map.Entry::getValue)
                .sum();
    }

    private void strike(String name) throws Exception {
        struck.merge(name, 1, Integer::sum);
        Objects.requireNonNull(strikes.get(name)).strike();
        awaitProgress(name);
    }

    private void killServer() throws IOException, InterruptedException {
        TimeUnit.MILLISECONDS.sleep(random.nextInt(300));
        server.kill();
        readStore();
        server.restart();
    }

    private void freezeServer() throws IOException, InterruptedException {
        server.freeze();
        TimeUnit.MILLISECONDS.sleep(random.nextInt(3_000));
        server.thaw();
    }

    private void awaitProgress(String after) throws InterruptedException, ExecutionException {
        List<Integer> before = requests.counts();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!requests.stalled(before, PROGRESS).isEmpty()) {
            require(server.isAlive(), "the server has ended after " + after);
            if (System.nanoTime() > deadline) {
                Map<String, String> stalled = requests.stalled(before, PROGRESS);
                requests.stop(); // throws if a component has failed
                throw new IllegalStateException("nothing is acknowledged any more after " + after + ": " + stalled);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** Reads the changes since the last read. All states are of one revision. */
    private void readStore() {
        Map<String, String> stored = new TreeMap<>();
        try (StateStore store = backing.open()) {
            store.snapshot(List.of(Keys.JOURNAL_PREFIX, Keys.MODEL_STATE_PREFIX, Keys.PACKAGE_STATE_PREFIX))
                    .entries()
                    .forEach(entry -> stored.put(entry.key(), entry.value()));
        }
        stored.forEach((key, value) -> {
            if (key.startsWith(Keys.JOURNAL_PREFIX) && Journal.sequence(key) > lastRecord) {
                readRecord(Journal.sequence(key), value);
            }
        });
        for (String model : models) {
            String found = state(stored, Keys.modelState(model));
            String last = recorded.getOrDefault(model, List.of(NONE)).getLast().state();
            require(found.equals(last), model + " is " + found + ", and its last change recorded is to " + last);
        }
        for (int i = 0; i < MODELS / MODELS_OF_A_PACKAGE; i++) {
            List<String> states = modelsOf(i).stream()
                    .map(model -> state(stored, Keys.modelState(model)))
                    .toList();
            String found = state(stored, Keys.packageState("package-" + i));
            require(
                    found.equals(SpecificationTables.packageState(states)),
                    "package-" + i + " is " + found + " with models " + states);
        }
    }

    private void readRecord(long sequence, String text) {
        require(sequence == lastRecord + 1, "record " + (lastRecord + 1) + " is missing");
        lastRecord = sequence;
        List<Transition> changes = Journal.changes(text);
        if (changes == null) {
            throw new IllegalStateException("record " + sequence + " cannot be read");
        }
        for (Transition change : changes) {
            if (change.kind() == ResourceKind.MODEL) {
                recorded.computeIfAbsent(change.name(), any -> new ArrayList<>())
                        .add(new Requests.Change(SpecificationTables.name(change.to()), change.transitionId()));
            }
        }
    }

    private static String state(Map<String, String> stored, String key) {
        return SpecificationTables.name(stored.getOrDefault(key, ""));
    }

    /** Checks that each change up to the last acknowledged one is there once and in order. The next one may be there or not. */
    private void requireHistory() {
        requests.made().forEach((model, made) -> {
            List<Requests.Change> found = recorded.getOrDefault(model, List.of());
            int same = 0;
            while (same < Math.min(found.size(), made.changes().size())
                    && found.get(same).equals(made.changes().get(same))) {
                same++;
            }
            require(
                    same == found.size() && same >= made.acknowledged(),
                    "%s: after %d changes come %s, of which %d were acknowledged, and recorded are %s"
                            .formatted(
                                    model,
                                    same,
                                    few(made.changes(), same),
                                    made.acknowledged() - same,
                                    few(found, same)));
        });
    }

    private static List<Requests.Change> few(List<Requests.Change> changes, int from) {
        return changes.subList(from, Math.min(changes.size(), from + 3));
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new IllegalStateException(what);
        }
    }

    @Override
    public void close() {
        try (KillableServer _ = server) {
            requests.close();
        }
    }
}
