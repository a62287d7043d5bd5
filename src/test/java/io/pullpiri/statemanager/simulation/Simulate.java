// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.pullpiri.statemanager.testing.Argument;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Simulates days: {@code make simulate SEED=42} one, {@code make simulate SEEDS=100000} many. */
final class Simulate {

    private static final int TRIES_TO_SHRINK = 500;

    /** A day on which a promise was broken, as short as it could be made. */
    record Failure(Day day, String what) {

        @Override
        public String toString() {
            return """
                    seed %d: %s
                    The shortest day found on which it happens:
                    %s
                    Once more: make simulate SEED=%d""".formatted(
                            day.seed(),
                            what,
                            day.steps().stream()
                                    .map(step -> "  " + Trace.onOneLine(step.toString()))
                                    .collect(Collectors.joining("\n")),
                            day.seed());
        }
    }

    private Simulate() {}

    /** @param args {@code SEED}, or {@code FIRST COUNT} */
    public static void main(String[] args) throws InterruptedException {
        boolean many = args.length > 1;
        long first = Argument.number(many ? "FROM" : "SEED", args[0], 0);
        long count = many ? Argument.number("SEEDS", args[1], 1) : 1;
        long start = System.nanoTime();
        Counts counts = new Counts();
        Failure failure = many(first, count, counts);
        if (count == 1) {
            read(failure == null ? Day.of(first) : failure.day);
        } else {
            System.out.print(counts);
            System.out.printf("It took %,d s.%n", (System.nanoTime() - start) / 1_000_000_000);
        }
        if (failure != null) {
            System.out.println(failure);
            System.exit(1);
        }
        if (counts.of("seeds") != count) {
            System.out.printf("%,d days were to be simulated, and %,d were.%n", count, counts.of("seeds"));
            System.exit(1);
        }
        System.out.println("No promise was broken (docs/guarantees.md).");
        System.exit(0);
    }

    private static void read(Day day) {
        Counts counts = new Counts();
        var _ = Simulation.run(day, Sabotage.NONE, counts, System.out::println);
        System.out.print(counts);
        int steps = Day.of(day.seed()).steps().size();
        if (day.steps().size() < steps) {
            System.out.printf(
                    "This was the shortest day found on which it fails: %d of its %d steps.%n",
                    day.steps().size(), steps);
        }
    }

    /**
     * Simulates days on all processors, until one fails.
     *
     * @return the first day that fails; null if none does
     */
    static @Nullable Failure many(long first, long count, Counts counts) throws InterruptedException {
        // Warnings of the server are not shown, because faults are constant.
        ((Logger) LoggerFactory.getLogger("io.pullpiri.statemanager")).setLevel(Level.ERROR);
        AtomicLong next = new AtomicLong();
        List<Failure> failures = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                Counts own = new Counts();
                for (long day = next.getAndIncrement(); day < count; day = next.getAndIncrement()) {
                    if (day > 0 && day % 10_000 == 0) {
                        System.out.printf("%,d days so far, up to seed %d%n", day, first + day - 1);
                    }
                    Failure failure = one(first + day, own);
                    if (failure != null) {
                        next.set(count);
                        synchronized (failures) {
                            failures.add(failure);
                        }
                    }
                }
                synchronized (counts) {
                    counts.addAll(own);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return failures.isEmpty() ? null : failures.getFirst();
    }

    static @Nullable Failure one(long seed, Counts counts) {
        Day day = Day.of(seed);
        counts.add("seeds");
        String what = Simulation.run(day, Sabotage.NONE, counts);
        return what == null ? null : shrunk(new Failure(day, what));
    }

    /** Removes actions that the day does not need to fail. */
    private static Failure shrunk(Failure found) {
        Failure failure = found;
        int tries = 0;
        for (int chunk = failure.day.steps().size() / 2; chunk > 0; chunk /= 2) {
            for (int i = 0; i + chunk <= failure.day.steps().size() && tries < TRIES_TO_SHRINK; tries++) {
                List<Action.Step> fewer = new ArrayList<>(failure.day.steps());
                fewer.subList(i, i + chunk).clear();
                Day shorter = failure.day.with(fewer);
                String what = Simulation.run(shorter, Sabotage.NONE, new Counts());
                if (what == null) {
                    i += chunk;
                } else {
                    failure = new Failure(shorter, what);
                }
            }
        }
        return failure;
    }
}
