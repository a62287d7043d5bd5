// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import com.google.common.collect.Lists;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.pullpiri.proto.statemanager.StateManagerConnectionGrpc;
import io.pullpiri.statemanager.testing.Argument;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Runs a server under the same well-behaved load three times: without attack, with attackers on their own addresses, and with
 * everything on one address. Every attack is bounded in connections and time, and ends by itself.
 */
final class Flood {

    private static final Duration SETTLED = Duration.ofSeconds(10);

    /** The limit if other programs may use the processors. */
    private static final Duration SETTLED_AT_LAST = Duration.ofSeconds(90);

    private static final double MAX_MORE_MEGABYTES = 100;
    private static final int ATTACKERS = 4;
    private static final Duration MAX_OF_A_GROUP = Duration.ofSeconds(5);

    /** How many connections all attacks together open in 20 ms; one busy client opens as many. */
    private static final int OPENED_IN_TICK = 60;

    /** More lists of invented nodes than the server keeps nodes. */
    private static final int INVENTED = 400;

    private static final long SEED = 1;

    private final Duration time;
    private final boolean timed;
    private final double megabytes;
    private final List<Attack> attacks;
    private final List<String> failures = new ArrayList<>();

    /**
     * @param time the duration of each of the three runs
     * @param timed whether a slow answer fails, which needs a machine without other load
     * @param megabytes how much more memory an attacked server may use
     */
    Flood(Duration time, boolean timed, double megabytes, List<Attack> attacks) {
        this.time = time;
        this.timed = timed;
        this.megabytes = megabytes;
        this.attacks = attacks;
    }

    /** @param args minutes, and a regular expression for names of attacks: without it, all */
    public static void main(String[] args) throws Exception {
        long minutes = Argument.number("MINUTES", args[0], 1);
        String only = args.length > 1 ? args[1] : "";
        List<Attack> attacks = Attacks.all().stream()
                .filter(attack ->
                        Pattern.compile(only).matcher(attack.toString()).find())
                .toList();
        if (attacks.isEmpty()) {
            throw Argument.refused("ONLY", only, "a regular expression that finds the name of an attack");
        }
        List<String> failures =
                new Flood(Duration.ofMinutes(minutes).dividedBy(3), true, MAX_MORE_MEGABYTES, attacks).run();
        failures.forEach(failure -> System.out.println("BAD: " + failure));
        System.out.println(failures.isEmpty() ? "no client ended or starved the server" : "the server failed");
        System.exit(failures.isEmpty() ? 0 : 1);
    }

    /** @return the requirements that are not met */
    List<String> run() throws Exception {
        Figures baseline = measure("no attack", List.of());
        if (baseline.death() != null) {
            return List.of("the server ends without any attack: " + baseline.death());
        }
        judge(baseline, measure("attackers on 127.0.0.2 to .5", loopback(2, 3, 4, 5)));
        judge(baseline, measure("everything on 127.0.0.1", loopback(1)));
        return List.copyOf(failures);
    }

    private void judge(Figures baseline, Figures attacked) {
        Verdict verdict = new Verdict(baseline, attacked, timed, megabytes);
        System.out.println(verdict.table());
        verdict.failures().forEach(failure -> failures.add(attacked.name() + ": " + failure));
    }

    private static List<InetAddress> loopback(int... last) throws IOException {
        List<InetAddress> addresses = new ArrayList<>();
        for (int each : last) {
            addresses.add(InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) each}));
        }
        return addresses;
    }

    /** @param sources the addresses of the attackers; empty for no attack */
    private Figures measure(String name, List<InetAddress> sources) throws Exception {
        System.out.println(name);
        Path folder = Files.createTempDirectory("flood-");
        try (FloodServer server = new FloodServer(folder);
                WellBehaved load = new WellBehaved(server)) {
            return measure(name, sources, server, load);
        } finally {
            MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
        }
    }

    private Figures measure(String name, List<InetAddress> sources, FloodServer server, WellBehaved load)
            throws Exception {
        Figures.Held before = null;
        Figures.Held after = null;
        Measured measured = load.measure();
        String attack = "lists from invented nodes";
        try {
            if (!sources.isEmpty() && attacks.contains(Attacks.INVENTED_NODES)) {
                inventNodes(server);
            }
            before = held(server);
            load.comeLate();
            Random chance = new Random(SEED); // the same order in each run
            long end = System.nanoTime() + time.toNanos();
            while (server.isAlive() && System.nanoTime() < end) {
                attack = attackOnce(sources, server, measured, end, chance);
            }
            load.measure();
            after = settled(server, before);
            return new Figures(name, null, server.peakMegabytes(), measured, before, after);
        } catch (IOException | UncheckedIOException | IllegalStateException e) {
            String death = server.isAlive()
                    ? "after '%s' the server does not answer: %s".formatted(attack, e)
                    : "the server ended in '%s': %s".formatted(attack, server.lastWords());
            return new Figures(name, death, Double.NaN, measured, before, after);
        }
    }

    /** Sends lists of invented nodes until the server keeps no more, so that they do not count as an effect of later attacks. */
    private static void inventNodes(FloodServer server) {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port(Attack.Port.GRPC))
                .usePlaintext()
                .build();
        try {
            for (int i = 0; i < INVENTED; i++) {
                var _ = StateManagerConnectionGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(30, TimeUnit.SECONDS)
                        .sendChangedContainerList(Attacks.Lists.ofUnknown("filler-" + i, 1_000, 0));
            }
        } catch (StatusRuntimeException e) {
            System.out.println("  invented nodes are refused: " + e.getStatus().getDescription());
        } finally {
            channel.shutdownNow();
        }
    }

    private static Figures.Held held(FloodServer server) throws IOException, InterruptedException {
        double queue = server.queue();
        for (int i = 0; i < 10; i++) {
            queue = Math.min(queue, server.queue()); // what waits permanently
        }
        return new Figures.Held(server.descriptors(), queue, server.heapMegabytes());
    }

    /** Returns the server's resources as soon as they are within the limits, or at the deadline for that. */
    private Figures.Held settled(FloodServer server, Figures.Held before) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + (timed ? SETTLED : SETTLED_AT_LAST).toNanos();
        while (true) {
            long left = deadline - System.nanoTime();
            try {
                Figures.Held held = held(server);
                if (Verdict.isWithin(before, 0, held) || left <= 0) {
                    return held;
                }
            } catch (IOException e) {
                if (left <= 0 || !server.isAlive()) {
                    throw e;
                }
            }
            TimeUnit.MILLISECONDS.sleep(500);
        }
    }

    /** Runs each attack once, four at a time in random order. */
    private String attackOnce(List<InetAddress> sources, FloodServer server, Measured measured, long end, Random chance)
            throws InterruptedException {
        if (sources.isEmpty()) {
            TimeUnit.NANOSECONDS.sleep(end - System.nanoTime());
            return "no attack";
        }
        List<Attack> order = new ArrayList<>(attacks);
        Collections.shuffle(order, chance);
        List<List<Attack>> groups = Lists.partition(order, ATTACKERS);
        Duration each = Collections.min(List.of(MAX_OF_A_GROUP, time.dividedBy(groups.size())));
        for (List<Attack> group : groups) {
            attack(group, each, sources, server, measured, end);
            if (!server.isAlive() || System.nanoTime() > end) {
                return group.toString();
            }
        }
        return groups.getLast().toString();
    }

    private static void attack(
            List<Attack> attacks,
            Duration time,
            List<InetAddress> sources,
            FloodServer server,
            Measured measured,
            long latest)
            throws InterruptedException {
        int refused = measured.refusedLists();
        int unanswered = measured.health.failures() + measured.metrics.failures();
        long end = Math.min(latest, System.nanoTime() + time.toNanos());
        List<Crowd> crowds = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (Attack attack : attacks) {
            Crowd crowd = new Crowd(
                    attack,
                    server.port(attack.port()),
                    sources,
                    Math.max(1, OPENED_IN_TICK / attacks.size()),
                    () -> System.nanoTime() > end || !server.isAlive());
            crowds.add(crowd);
            threads.add(Thread.ofPlatform().daemon().name(attack.name()).start(crowd));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        crowds.forEach(crowd -> System.out.println("  " + crowd.summary()));
        System.out.printf(
                "    -> %s; lists refused: %d, /health and /metrics not answered: %d%n",
                server.isAlive() ? "RSS at most %,.0f MB".formatted(server.peakMegabytes()) : "the server has ended",
                measured.refusedLists() - refused,
                measured.health.failures() + measured.metrics.failures() - unanswered);
    }
}
