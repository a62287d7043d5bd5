// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.chaos;

import io.pullpiri.statemanager.testing.Argument;
import io.pullpiri.statemanager.testing.EtcdAdmin;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Runs one server for a long time with changes, with subscribers that connect and disconnect, and with an etcd that is killed,
 * frozen and disconnected. The server's use of the machine must not grow.
 */
final class Soak {

    /** A small heap, which is soon used up, so that later growth is not unused heap. */
    private static final String HEAP = "-Xmx64m";

    private static final Duration BETWEEN_STRIKES = Duration.ofSeconds(1);
    private static final int MODELS = 100;
    private static final int SUBSCRIBERS = 30;

    /** Upper limits of the use. */
    private static final Map<String, Double> MOST =
            Map.of("resident, MB", 300.0, "threads", 60.0, "descriptors", 400.0, "store, MB", 100.0);

    /** How much larger a value may be in the last third of the time than in the second, because values vary. */
    private static final double GROWTH = 1.2;

    /** With fewer rounds, growth is not judged: code is still compiled, and histories still grow. */
    private static final int ROUNDS_TO_COMPARE = 30;

    /** The least duration: {@link #ROUNDS_TO_COMPARE} rounds take most of it. */
    private static final int LEAST_MINUTES = 20;

    private final Map<String, List<Double>> samples = new TreeMap<>();

    private Soak() {}

    /** @param args minutes */
    public static void main(String[] args) throws Exception {
        long minutes = Argument.number("MINUTES", args[0], LEAST_MINUTES, "in less there is nothing to compare");
        Interruptible.run(() -> {
            Soak soak = new Soak();
            System.out.println(soak.soak(Duration.ofMinutes(minutes)));
            return soak.isLongEnough();
        });
    }

    /**
     * @return a summary of the measured values; it says whether the time was long enough to show growth
     * @throws IllegalStateException if a value exceeds its limit, or grows
     */
    static String run(Duration time) throws Exception {
        return new Soak().soak(time);
    }

    private String soak(Duration time) throws Exception {
        List<String> models =
                IntStream.range(0, MODELS).mapToObj(i -> "model-" + i).toList();
        try (OneEtcd etcd = new OneEtcd(new Random(1));
                KillableServer server = new KillableServer(etcd.store(), HEAP);
                Requests requests = new Requests(server.port(), models);
                Subscribers subscribers = new Subscribers(server.port(), SUBSCRIBERS)) {
            requests.start();
            Map<String, Backing.Strike> strikes = etcd.strikes(requests);
            long end = System.nanoTime() + time.toNanos();
            int struck = 0;
            while (System.nanoTime() < end) {
                List<Integer> changed = requests.counts();
                long received = subscribers.received();
                for (Backing.Strike strike : strikes.values()) {
                    TimeUnit.MILLISECONDS.sleep(BETWEEN_STRIKES.toMillis());
                    strike.strike();
                    struck++;
                }
                etcd.compact();
                TimeUnit.MILLISECONDS.sleep(BETWEEN_STRIKES.toMillis());
                Map<String, String> stalled = requests.stalled(changed, 1);
                require(stalled.isEmpty(), "nothing is acknowledged any more of " + stalled + ": " + samples);
                require(subscribers.received() > received, "no subscriber gets events any more: " + samples);
                sample("resident, MB", server.status("VmRSS") / 1_000);
                sample("threads", server.status("Threads"));
                sample("descriptors", (double) server.descriptors());
                sample("store, MB", (double) EtcdAdmin.bytesInUse(etcd.endpoint()) / 1e6);
            }
            requests.stop();
            String report = "%d strikes%s; %,d changes acknowledged; %,d events received; %s"
                    .formatted(struck, etcd.outcome(), requests.count(), subscribers.received(), measured());
            MOST.forEach((what, most) -> requireFlat(what, most, report));
            return report
                    + (isLongEnough()
                            ? "; nothing grows"
                            : "; too short to compare: %d rounds (expected: %d)"
                                    .formatted(rounds(), ROUNDS_TO_COMPARE));
        }
    }

    private int rounds() {
        return samples.values().stream().mapToInt(List::size).min().orElse(0);
    }

    private boolean isLongEnough() {
        return rounds() >= ROUNDS_TO_COMPARE;
    }

    private void sample(String what, double value) {
        samples.computeIfAbsent(what, any -> new ArrayList<>()).add((double) Math.round(value * 10) / 10);
    }

    private void requireFlat(String what, double most, String report) {
        List<Double> all = samples.getOrDefault(what, List.of());
        require(!all.isEmpty() && greatest(all) <= most, what + " is more than " + most + ": " + report);
        if (isLongEnough()) {
            List<Double> thirds = thirds(all);
            require(thirds.get(2) <= thirds.get(1) * GROWTH, what + " grows: " + report + "; " + samples);
        }
    }

    private String measured() {
        return isLongEnough()
                ? "at most, in each third of the time: "
                        + samples.entrySet().stream()
                                .map(entry -> entry.getKey() + " " + thirds(entry.getValue()))
                                .collect(Collectors.joining("; "))
                : samples.toString();
    }

    /** Returns the greatest value of each third. */
    private static List<Double> thirds(List<Double> all) {
        int third = all.size() / 3;
        return List.of(
                greatest(all.subList(0, third)),
                greatest(all.subList(third, 2 * third)),
                greatest(all.subList(2 * third, all.size())));
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new IllegalStateException(what);
        }
    }

    private static double greatest(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }
}
