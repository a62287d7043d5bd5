package io.pullpiri.statemanager.chaos;

import io.pullpiri.statemanager.store.etcd.EtcdAdmin;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * One server for a long time, with changes, with subscribers that come and go, and with an etcd that is killed, frozen and
 * cut off: what it takes of the machine must not grow.
 */
final class Soak {

    /** A heap that is used up soon: what grows then is not the heap that has not been used yet. */
    private static final String HEAP = "-Xmx64m";

    private static final Duration BETWEEN_STRIKES = Duration.ofSeconds(3);
    private static final int SUBSCRIBERS = 30;

    /** How much more it may be at the end than half way: what is measured breathes. */
    private static final Map<String, Double> GROWTH =
            Map.of("resident, MB", 1.2, "threads", 1.3, "descriptors", 1.5, "store, MB", 1.3);

    private final Map<String, List<Double>> samples = new TreeMap<>();

    private Soak() {}

    /** @param args minutes */
    public static void main(String[] args) throws Exception {
        System.out.println(run(Duration.ofMinutes(Integer.parseInt(args[0]))));
        System.exit(0);
    }

    /**
     * @return what was measured, in words
     * @throws IllegalStateException if something grows
     */
    static String run(Duration time) throws Exception {
        return new Soak().soak(time);
    }

    private String soak(Duration time) throws Exception {
        List<String> models = IntStream.range(0, 12).mapToObj(i -> "model-" + i).toList();
        try (OneEtcd etcd = new OneEtcd(new Random(1));
                KillableServer server = new KillableServer(etcd.store(), HEAP);
                Requests requests = new Requests(server.port(), models);
                Subscribers subscribers = new Subscribers(server.port(), SUBSCRIBERS)) {
            Map<String, Backing.Strike> strikes = etcd.strikes();
            long end = System.nanoTime() + time.toNanos();
            int struck = 0;
            while (System.nanoTime() < end) {
                for (Backing.Strike strike : strikes.values()) {
                    TimeUnit.MILLISECONDS.sleep(BETWEEN_STRIKES.toMillis());
                    strike.strike();
                    struck++;
                }
                etcd.compact();
                TimeUnit.MILLISECONDS.sleep(BETWEEN_STRIKES.toMillis());
                sample("resident, MB", server.status("VmRSS") / 1_000);
                sample("threads", server.status("Threads"));
                sample("descriptors", (double) server.descriptors());
                sample("store, MB", (double) EtcdAdmin.bytesInUse(etcd.endpoint()) / 1e6);
            }
            requests.stop();
            String report = "%d strikes; %,d changes acknowledged; %,d events told; %s"
                    .formatted(struck, requests.count(), subscribers.heard(), samples);
            GROWTH.forEach((what, most) -> requireFlat(what, most, report));
            return report;
        }
    }

    private void sample(String what, double value) {
        samples.computeIfAbsent(what, any -> new ArrayList<>()).add((double) Math.round(value * 10) / 10);
    }

    private void requireFlat(String what, double most, String report) {
        List<Double> all = samples.getOrDefault(what, List.of());
        double middle = greatest(all.subList(all.size() / 3, (all.size() * 2 + 2) / 3));
        double late = greatest(all.subList((all.size() * 2 + 2) / 3, all.size()));
        if (all.size() < 3 || late > middle * most) {
            throw new IllegalStateException(what + " grows: " + report);
        }
    }

    private static double greatest(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }
}
