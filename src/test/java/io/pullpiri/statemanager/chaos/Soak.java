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
 * One server for a long time, with changes, with subscribers that come and go, and with an etcd that is killed, frozen and
 * cut off: what it takes of the machine must not grow.
 */
final class Soak {

    /** A heap that is used up soon: what grows then is not the heap that has not been used yet. */
    private static final String HEAP = "-Xmx64m";

    private static final Duration BETWEEN_STRIKES = Duration.ofSeconds(1);
    private static final int MODELS = 100;
    private static final int SUBSCRIBERS = 30;

    /** What it may take at all. */
    private static final Map<String, Double> MOST =
            Map.of("resident, MB", 300.0, "threads", 60.0, "descriptors", 400.0, "store, MB", 100.0);

    /** How much more it may be in the last third of the time than in the second: what is measured breathes. */
    private static final double GROWTH = 1.2;

    /** Before so many rounds the code is still being compiled, and the history fills. */
    private static final int ROUNDS_TO_COMPARE = 30;

    /** So many rounds take most of it. */
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
     * @return what was measured, in words; also whether it was long enough to see if something grows
     * @throws IllegalStateException if it takes more than it may, or something grows
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
                long heard = subscribers.heard();
                for (Backing.Strike strike : strikes.values()) {
                    TimeUnit.MILLISECONDS.sleep(BETWEEN_STRIKES.toMillis());
                    strike.strike();
                    struck++;
                }
                etcd.compact();
                TimeUnit.MILLISECONDS.sleep(BETWEEN_STRIKES.toMillis());
                Map<String, String> behind = requests.behind(changed, 1);
                require(behind.isEmpty(), "nothing is acknowledged any more of " + behind + ": " + samples);
                require(subscribers.heard() > heard, "nobody hears anything any more: " + samples);
                sample("resident, MB", server.status("VmRSS") / 1_000);
                sample("threads", server.status("Threads"));
                sample("descriptors", (double) server.descriptors());
                sample("store, MB", (double) EtcdAdmin.bytesInUse(etcd.endpoint()) / 1e6);
            }
            requests.stop();
            String report = "%d strikes%s; %,d changes acknowledged; %,d events told; %s"
                    .formatted(struck, etcd.outcome(), requests.count(), subscribers.heard(), measured());
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

    /** The greatest of each third. */
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
