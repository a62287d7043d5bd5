// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import static io.pullpiri.statemanager.bench.Figure.Goal.atMost;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs {@link PureParts} under JMH, and reports times and allocations. */
final class Pure implements Bench.Measurement {

    @Override
    public void measure(Bench.Effort effort, Path folder, Report report) throws Exception {
        Options options = new OptionsBuilder()
                .include(PureParts.class.getName())
                .jvmArgs("-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders", "-Xmx1g")
                .forks(effort.choose(1, 2))
                .warmupIterations(effort.choose(1, 5))
                .measurementIterations(effort.choose(2, 5))
                .warmupTime(TimeValue.milliseconds(effort.choose(200, 1_000)))
                .measurementTime(TimeValue.milliseconds(effort.choose(200, 1_000)))
                .addProfiler(GCProfiler.class)
                .verbosity(VerboseMode.SILENT)
                .param("packages", effort.choose(new String[] {"10"}, new String[] {"10", "10000"}))
                .build();
        List<Figure> figures = new ArrayList<>();
        for (RunResult run : new Runner(options).run()) {
            String name = run.getParams().getBenchmark();
            String part = name.substring(name.lastIndexOf('.') + 1);
            String packages = run.getParams().getParam("packages");
            boolean rule = part.startsWith("rule");
            if (rule && !packages.equals("10")) {
                continue; // it has one package only
            }
            String what = rule ? part + ", 10,000 models" : part + ", " + packages + " packages";
            double[] values = run.getAggregatedResult().getIterationResults().stream()
                    .mapToDouble(iteration -> iteration.getPrimaryResult().getScore())
                    .toArray();
            figures.add(new Figure(
                    what,
                    "ns",
                    Arrays.stream(values).boxed().toList(),
                    part.equals("ruleAfterAChange") ? atMost(100) : null));
            Result<?> allocated =
                    Objects.requireNonNull(run.getSecondaryResults().get("gc.alloc.rate.norm"));
            figures.add(new Figure(
                    what + ", allocated",
                    "bytes",
                    List.of(allocated.getScore()),
                    part.equals("rule") ? atMost(0.01) : null));
        }
        report.add(
                "Pure parts",
                "JMH's average time for each, and what it allocates, with the collector and headers of the server.",
                figures);
    }
}
