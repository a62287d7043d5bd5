// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.hostile.flood;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Compares the values of an attacked server with those of the same server without attack, and says whether they are good. */
final class Verdict {

    private static final double SLOWEST_MILLIS = 1_000;
    private static final double GROWTH = 1.1;

    /** The least limit of the queue, because a tenth of an empty queue is nothing: the load's own commands may wait. */
    private static final double QUEUE = 10;

    private final List<String> failures = new ArrayList<>();
    private final StringBuilder table = new StringBuilder();

    /**
     * @param timed whether a slow answer fails; otherwise only an answer that does not come within 30 s fails
     * @param megabytes how much more memory the attacked server may use
     */
    Verdict(Figures baseline, Figures attacked, boolean timed, double megabytes) {
        table.append("%n%s%n".formatted(attacked.name()));
        row("", "no attack", "attack", "limit", "");
        row("server", alive(baseline), alive(attacked), "answers", attacked.death() == null);
        if (attacked.death() != null) {
            table.append(attacked.death()).append('\n');
        }
        double peak = attacked.death() == null ? attacked.peakMegabytes() : Double.NaN;
        atMost("peak of RSS, MB", baseline.peakMegabytes(), peak, baseline.peakMegabytes() + megabytes);
        latency("GET /health", baseline.measured().health, attacked.measured().health, timed);
        latency("GET /metrics", baseline.measured().metrics, attacked.measured().metrics, timed);
        latency("report of a known node", baseline.measured().reports, attacked.measured().reports, timed);
        atMost(
                "lists refused",
                baseline.measured().refusedLists(),
                attacked.measured().refusedLists(),
                0);
        table.append(examples(attacked.measured().reports, attacked.measured().newcomers));
        held(baseline, attacked);
        inform(
                "lists stored late",
                baseline.measured().late.get(),
                attacked.measured().late.get());
        inform(
                "streams ended",
                baseline.measured().endedStreams.get(),
                attacked.measured().endedStreams.get());
        inform("other requests", baseline.measured().requests, attacked.measured().requests);
        inform("pages", baseline.measured().pages, attacked.measured().pages);
    }

    /** Returns the requirements that are not met; empty if all are. */
    List<String> failures() {
        return List.copyOf(failures);
    }

    String table() {
        return table.toString();
    }

    private static String alive(Figures figures) {
        return figures.death() == null ? "answers" : "is silent";
    }

    /** @param grown the MB of heap that the load itself has added */
    static boolean isWithin(Figures.Held before, double grown, Figures.Held after) {
        return after.descriptors() <= before.descriptors() * GROWTH
                && after.queue() <= before.queue() * GROWTH + QUEUE
                && after.heapMegabytes() <= before.heapMegabytes() * GROWTH + grown;
    }

    private void held(Figures baseline, Figures attacked) {
        Figures.Held calmBefore = baseline.before();
        Figures.Held calmAfter = baseline.after();
        Figures.Held before = attacked.before();
        Figures.Held after = attacked.after();
        if (calmBefore == null || calmAfter == null || before == null || after == null) {
            row("afterwards", "", "not measured", "", false);
            return;
        }
        // Data that the load itself adds in that time, such as histories, is not an effect of the attack.
        double grown = Math.max(0, calmAfter.heapMegabytes() - calmBefore.heapMegabytes());
        inform("before: descriptors", calmBefore.descriptors(), before.descriptors());
        atMost(
                "afterwards: descriptors",
                calmAfter.descriptors(),
                after.descriptors(),
                Math.max(calmAfter.descriptors(), before.descriptors()) * GROWTH);
        atMost("afterwards: commands that wait", calmAfter.queue(), after.queue(), before.queue() * GROWTH + QUEUE);
        inform("before: heap, MB", calmBefore.heapMegabytes(), before.heapMegabytes());
        atMost(
                "afterwards: heap, MB",
                calmAfter.heapMegabytes(),
                after.heapMegabytes(),
                before.heapMegabytes() * GROWTH + grown);
    }

    private void latency(String what, Latencies baseline, Latencies attacked, boolean timed) {
        if (timed) {
            atMost(what + ", p99, ms", baseline.p99Millis(), attacked.p99Millis(), SLOWEST_MILLIS);
        } else {
            inform(what + ", p99, ms", baseline.p99Millis(), attacked.p99Millis());
            atMost(what + ": not answered", baseline.failures(), attacked.failures(), 0);
        }
        if (attacked.answers() == 0) {
            failures.add(what + ": none was answered");
        }
        table.append(examples(attacked));
    }

    private static String examples(Latencies... latencies) {
        StringBuilder lines = new StringBuilder();
        for (Latencies each : latencies) {
            if (!each.examples().isEmpty()) {
                lines.append("  for instance: ").append(each.examples()).append('\n');
            }
        }
        return lines.toString();
    }

    private void atMost(String what, double baseline, double attacked, double limit) {
        // Also true if the value is not a number.
        row(what, number(baseline), number(attacked), "<= " + number(limit), attacked <= limit);
    }

    private void inform(String what, double baseline, double attacked) {
        row(what, number(baseline), number(attacked), "", "");
    }

    private void inform(String what, Latencies baseline, Latencies attacked) {
        inform(what + ", p99, ms", baseline.p99Millis(), attacked.p99Millis());
        row(
                what + ": not answered",
                baseline.failures() + "/" + (baseline.failures() + baseline.answers()),
                attacked.failures() + "/" + (attacked.failures() + attacked.answers()),
                "",
                "");
        table.append(examples(attacked));
    }

    private void row(String what, String baseline, String attacked, String limit, boolean good) {
        row(what, baseline, attacked, limit, good ? "ok" : "BAD");
        if (!good) {
            failures.add("%s: %s, without attack %s (expected: %s)".formatted(what, attacked, baseline, limit));
        }
    }

    private void row(String what, String baseline, String attacked, String limit, String good) {
        table.append("| %-38s | %12s | %12s | %14s | %-4s |%n".formatted(what, baseline, attacked, limit, good));
    }

    private static String number(double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%,.1f", value) : "-";
    }
}
